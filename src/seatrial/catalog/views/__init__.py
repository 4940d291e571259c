"""What several kinds of object say together about one thing: facts drawn from other facts. No judgement belongs here."""
