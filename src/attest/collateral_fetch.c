#include "attest/collateral_fetch.h"

#define NS_PER_MS 1000000ull

void collateral_catch_done(struct collateral_catch *c)
{
    if (c->object)
        collateral_object_unref(c->object);
    collateral_text_done(&c->text);
    *c = (struct collateral_catch){0};
}

uint32_t collateral_number(const collateral_object *o)
{
    if (o->kind == COLLATERAL_TCB_INFO)
        return o->tcb_info.evaluation_number;
    return o->kind == COLLATERAL_QE_IDENTITY ? o->qe_identity.evaluation_number : 0;
}

/* Is it what was asked for, and not below what was seen before? */
static enum err_code check(const struct collateral_sources *from, const collateral_object *o,
                           const struct collateral_query *key, struct err *e)
{
    const uint32_t floor = collateral_floor(from->floors, key, o->kind);

    if (o->root != key->root)
        return err_set(e, ERR_VERIFY, "signed under \"%s\", but the platform's chain under \"%s\"",
                       o->root->label, key->root->label);
    if (o->kind == COLLATERAL_TCB_INFO &&
        (o->tcb_info.tee != key->tee || !bytes_eq(BYTES(o->tcb_info.fmspc), BYTES(key->fmspc))))
        return err_set(e, ERR_VERIFY, "for another platform than was asked for");
    if (o->kind == COLLATERAL_QE_IDENTITY && o->qe_identity.tee != key->tee)
        return err_set(e, ERR_VERIFY, "for another kind of TEE than was asked for");
    if (o->kind == COLLATERAL_PCK_CRL && !collateral_of_ca(o->crl.issuer, key->ca))
        return err_set(e, ERR_VERIFY, "by another CA than was asked for");
    if (collateral_number(o) < floor)
        return err_set(e, ERR_VERIFY,
                       "evaluation number %u, but %u was seen before; if Intel took that one back, "
                       "delete the file of evaluation numbers and start again",
                       collateral_number(o), floor);
    return ERR_OK;
}

static enum err_code try_origin(const struct collateral_sources *from,
                                const struct collateral_origin *origin, enum collateral_kind kind,
                                const struct collateral_query *key, unsigned ms,
                                struct collateral_catch *best, enum attest_fault *fault,
                                struct err *e)
{
    struct collateral_text text AUTO_CALL(collateral_text_done) = {0};
    AUTO(collateral_object) o = NULL;

    TRY(origin->get(origin->self, kind, key, ms, &text, e));
    TRY_IN(e, collateral_verify(&text, kind, from->roots, from->cache, &o, fault, e), "%s",
           origin->name);
    TRY_IN(e, check(from, o, key, e), "%s: %s", origin->name, collateral_kind_name(kind));
    if (best->object && o->issued <= best->object->issued)
        return ERR_OK;
    collateral_catch_done(best);
    best->object = TAKE(o);
    best->text = text;
    best->origin = origin;
    text = (struct collateral_text){0};
    return ERR_OK;
}

void collateral_fetch(const struct collateral_sources *from, enum collateral_kind kind,
                      const struct collateral_query *key, uint64_t end_ns,
                      struct collateral_catch *ret)
{
    struct err why;
    enum attest_fault why_fault = FAULT_NONE;

    err_set(&why, ERR_NOT_FOUND, "no origin for a %s", collateral_kind_name(kind));
    for (size_t i = 0; i < from->n_origins; i++) {
        const struct collateral_origin *origin = &from->origins[i];
        const uint64_t now = clock_ns(&clock_system);
        enum attest_fault fault = FAULT_NONE;
        struct err e = {0};
        enum err_code rc;

        if (now + NS_PER_MS > end_ns)
            rc = err_set(&e, ERR_TIMEOUT, "no time was left to ask %s", origin->name);
        else
            rc = try_origin(from, origin, kind, key, (unsigned)((end_ns - now) / NS_PER_MS), ret,
                            &fault, &e);
        if (rc == ERR_OK && ret->object->next_update > clock_unix(from->clock))
            return;
        /* That one has it not tells less than what is wrong with another's. */
        if (rc != ERR_OK && (rc != ERR_NOT_FOUND || why.code == ERR_NOT_FOUND)) {
            why = e;
            why_fault = fault;
        }
    }
    if (ret->object)
        return;
    ret->e = why;
    ret->fault = why_fault;
}
