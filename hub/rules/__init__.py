"""Rules of the operators: when something happens, who is told and how."""
