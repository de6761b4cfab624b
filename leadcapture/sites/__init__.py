"""Websites that embed us: key, allowed origins, hours, branding, who sends and who receives."""
