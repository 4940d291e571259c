"""Every item of the talk "Cloud Native AI: From Conformance to Production", with what is true of it and what covers it here.

Facts of 2026-11, from the projects' own sources. A row here judges nothing: it points at the checks that do.
"""
