"""Lets ``python -m topicdesk`` be the command ``topicdesk``."""

from topicdesk.cli import main

if __name__ == "__main__":
    main()
