"""The description of the HTTP interface as OpenAPI 3.1: declared beside each kind's routes, served at /openapi.json.

schema      JSON Schemas in few words, and named ones
operation   what a route accepts and returns
document    the whole document, from the routes of the application and their operations
components  named schemas as `$ref`
channels    WebSockets and Socket.IO, which OpenAPI does not describe
"""
