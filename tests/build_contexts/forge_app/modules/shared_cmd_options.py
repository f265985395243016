from types import SimpleNamespace

cmd_opts = SimpleNamespace(api_auth=None)
