"""All cases of tests/interop, in one order on every machine.  The first part of a case's name is its group."""
import os

import mutants
import worlds
from world import Base, Case, Vectors

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vectors", "dcap")

# Mutations of each field, and random TCB infos: what `./dev test` has time for, and the long form.
SHORT, LONG = (2, 200), (24, 3000)


def real(vectors):
    """Every quote with every bundle that may be about its platform, at a moment when the bundle is good."""
    for name in vectors.quotes:
        quote = vectors.read("quotes/" + name)
        for bundle_name in vectors.bundles:
            bundle = vectors.completed(vectors.bundle("collateral/" + bundle_name))
            issued = max(mutants.unix(text.split('"issueDate":"')[1][:20]) for text in (bundle["tcb_info"], bundle["qe_identity"]))
            case = "real/%s-%s" % (name.removesuffix(".bin"), bundle_name.removesuffix(".json"))
            yield Case(case, quote, bundle, issued + 5 * 86400)


def given(vectors):
    """The cases whose answers are known."""
    for c in vectors.cases:
        bundle = vectors.completed(vectors.bundle(c["collateral"])) if c.get("collateral") else {}
        root = vectors.read(c["trust_root"]) if c.get("trust_root") else None
        yield Case("given/" + c["name"], vectors.read(c["quote"]), bundle, c["at"], root)


def cases(folder, long_form):
    """The vectors and the cases."""
    vectors = Vectors(folder)
    per_field, random_levels = LONG if long_form else SHORT
    made = {}
    for part in (given(vectors), real(vectors), worlds.all_worlds(Base(vectors), random_levels),
                 mutants.all_mutants(vectors, per_field)):
        # A mutation may be drawn twice.
        made.update((case.name, case) for case in part)
    return vectors, list(made.values())
