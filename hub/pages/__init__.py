"""Pages for browsers, their JSON for programs, and stored pictures.

routes    a route for each page
status    the body of /status
images    stored pictures by name
register  the routes, and `/events` for live pages
"""
