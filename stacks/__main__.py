from flireo_iac import deploy

deploy()
