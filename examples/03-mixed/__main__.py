from flireo_iac import PhoneNumber, deploy

BRANCHES = {"north": "+3197010200021", "south": "+3197010200022"}

stack = deploy()

for branch, number in BRANCHES.items():
    PhoneNumber(branch, phone_number=number, name=f"Branch {branch}", agent_id=stack["agents.desk"].id)
