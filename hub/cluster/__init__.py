"""Several hubs on one database: what is live at one is live at all of them, through Redis."""
