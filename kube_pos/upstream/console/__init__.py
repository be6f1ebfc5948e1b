"""The office console: pages for officers, made on the server."""
