"""Turns a Run into text, JSON, HTML, JUnit and Markdown. Pure: a Run in, a string out."""
