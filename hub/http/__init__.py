"""HTTP: the server with its listeners, requests and answers, and what routes share."""
