"""What a change means: two stacks, or a plan, as one review, written as Markdown, a page, text or JSON.

Nothing here sends a request, reads a state or looks a secret up.
"""
