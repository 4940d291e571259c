"""Kubernetes itself: its objects, as far as something reads them, and the systems that it brings. What several objects say
together belongs into views.
"""
