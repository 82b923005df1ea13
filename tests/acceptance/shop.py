"""A stack of 45 items: 20 agents, 20 numbers, two templates, a trunk, a key and a domain."""

from __future__ import annotations

from tests.acceptance.deployment import Deployment

SECRETS = {
    "FLIREO_SECRET_TRUNK": "canary-trunk-password",
    "FLIREO_SECRET_RESEND": "canary-resend-key",
    "FLIREO_SECRET_WEBHOOK": "canary-webhook-secret",
}


def write_shop(deployment: Deployment, pairs: int = 20) -> None:
    """Write the stack; ``pairs`` is the number of agents, and of numbers."""
    deployment.environ.update(SECRETS)
    for n in range(pairs):
        deployment.write(
            f"agents/desk{n:02}.yaml",
            f"""name: Desk {n}
first_message: Good day, desk {n}.
webhook_url: https://hooks.example.com/desk
webhook_secret: ${{secret.webhook}}
webhook_events: [tool-calls, end-of-call-report]
llm_config:
  provider: openai
  model: gpt-4o-mini
  prompt: desk{n:02}.md
  tools:
    - template: look_up
    - type: endCall
analysis_plan: {{template: after_call}}
""",
        )
        deployment.write(f"agents/desk{n:02}.md", f"# Desk {n}\n\nYou answer desk {n}.\n\n- Be brief.\n- Be kind.\n")
        deployment.write(
            f"numbers/line{n:02}.yaml",
            f'phone_number: "+31970102{n:05}"\nname: Line {n}\nagent_id: ${{agents.desk{n:02}.id}}\n'
            "transfer_trunk_id: ${trunks.carrier.id}\nprotect: false\n",
        )
    deployment.write(
        "tools/look_up.yaml",
        """name: Look up
tool_type: function
tool_config:
  name: look_up
  description: Looks a customer up.
  url: https://hooks.example.com/look-up
  parameters: {type: object, properties: {id: {type: string}}, required: [id]}
""",
    )
    deployment.write(
        "analysis/after_call.yaml",
        """name: After call
system_prompt: Read the call.
user_prompt: "{{transcript}}"
schema: {type: object, properties: {topic: {type: string}}, required: [topic]}
""",
    )
    deployment.write(
        "trunks/carrier.yaml",
        "name: Carrier\nhost: sip.example.com\nusername: shop\npassword: ${secret.trunk}\nprotect: false\n",
    )
    deployment.write("byok/resend.yaml", "provider: resend\napi_key: ${secret.resend}\nprotect: false\n")
    deployment.write("domain.yaml", "domain_name: mail.example.com\n")
