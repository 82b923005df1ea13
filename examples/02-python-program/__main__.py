import pulumi

from flireo_iac import Agent, PhoneNumber, SipTrunk

# Numbers and trunks are protected from deletion; an example may be destroyed.
OPEN = pulumi.ResourceOptions(protect=False)
LINES = {"dentist": "+3197010200011", "physio": "+3197010200012"}

trunk = SipTrunk(
    "carrier",
    name="Carrier",
    host="sip.example.com",
    username="clinic",
    password=pulumi.Config().require_secret("trunk_password"),
    opts=OPEN,
)

for line, number in LINES.items():
    agent = Agent(
        line,
        name=f"Clinic, {line}",
        first_message=f"Good day, {line}. How can I help?",
        llm_config={
            "provider": "openai",
            "model": "gpt-4o-mini",
            "messages": [{"role": "system", "content": f"You make appointments for the {line} of a clinic."}],
            "tools": [{"type": "endCall"}],
        },
    )
    PhoneNumber(line, phone_number=number, agent_id=agent.id, transfer_trunk_id=trunk.id, opts=OPEN)
    pulumi.export(f"{line}_agent", agent.id)
