"""The recall experiment of `affected.py`: real commits, their breakages, what hdb selects."""
