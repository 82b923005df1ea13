"""What ``flireo validate`` says beyond the loader: prompts, unused things, secrets in clear, waivers.

The loader finds what makes a deployment fail; nothing here does. Knows files and plain data, neither Pulumi nor HTTP.
"""
