"""The operator's traits about people, money and keys: what a class may do, and who is who."""

from __future__ import annotations

from traitlets import Bool, CaselessStrEnum, Float, List, Unicode
from traitlets.config import Configurable


class ClassTraits(Configurable):
    """Traits of `c.GenAILab` about a class; nobody configures this class by its own name."""

    fallback = CaselessStrEnum(
        ["ask", "auto", "never"],
        default_value="ask",
        help="What happens when a local service cannot answer: ask (default; each person is asked "
        "once before a cloud is), auto (a cloud answers at once, where its data notice was agreed "
        "to), never (the request fails). A class's policy or a notebook may only be more careful.",
    ).tag(config=True)
    policy_source = Unicode(
        "",
        help="Where the policy of a class is read from: the path of a TOML or JSON file, outside "
        "the notebook root and written by you or root alone, or an https URL (http on this "
        "machine). A change counts within 2 seconds for a file, 40 for a URL, without a restart; "
        "while it cannot be read, what was read last holds. A URL is asked with GENAI_POLICY_TOKEN "
        "of secrets_path as its bearer token, where there is one. `coursia-genai policy check` "
        "examines it. Empty (default): no class.",
    ).tag(config=True)
    teachers = List(
        Unicode(),
        help="People who are teachers: names as this server knows them, or `@group` of a hub or "
        "of the class's policy. The policy may name more. Default: none; on your own machine you "
        "are its admin anyway.",
    ).tag(config=True)
    admins = List(
        Unicode(),
        help="People who administer this server: names, or `@group` of a hub. Default: none; a "
        "hub's admins are, and on your own machine you are.",
    ).tag(config=True)
    trust_usernames = Bool(
        False,
        help="Take the names of Jupyter's own login for people, where you know that nobody can "
        "choose another's. Default: False; Jupyter invents them for each browser, so everybody "
        "is the user who runs the server. Names of a hub, or of another identity provider that "
        "you installed, are trusted anyway.",
    ).tag(config=True)
    allow_own_keys = Bool(
        False,
        help="Pass a call that bears a provider's own key, rather than a token of this Lab, on to "
        "that provider, uncounted. Default: False, such a call is refused.",
    ).tag(config=True)
    text_models = List(
        Unicode(),
        help="Text models of providers that may be asked beside pictures, `*` stands for anything. "
        "Where a class's policy is read, that must name them too. Empty (default): none in a class "
        "and on a hub; on a server of one's own any whose price is known.",
    ).tag(config=True)
    daily_cents = Float(
        500.0,
        min=0,
        help="US cents that everybody together may spend with one provider a day (UTC); the file "
        "of its service or a class's policy may say less. 0: nothing may be bought. Default: 500.",
    ).tag(config=True)
    withhold_keys = CaselessStrEnum(
        ["never", "genai", "all"],
        default_value="genai",
        help="Which kernels do not get the keys of providers that stand in the server's "
        "environment: genai (default; those that get a token of this Lab), all, or never.",
    ).tag(config=True)
