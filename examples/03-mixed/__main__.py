import pulumi

from flireo_iac import PhoneNumber, deploy

BRANCHES = {"north": "+3197010200021", "south": "+3197010200022"}

# A number is protected from deletion; an example may be destroyed.
OPEN = pulumi.ResourceOptions(protect=False)

stack = deploy()

for branch, number in BRANCHES.items():
    agent_id = stack["agents.desk"].id
    PhoneNumber(branch, phone_number=number, name=f"Branch {branch}", agent_id=agent_id, opts=OPEN)
