"""How a pushed model is asked: contract, session loader, server and client."""
