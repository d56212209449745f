/* The SGX extension of a PCK certificate: SEQUENCE OF SEQUENCE {OID, value}, OID = base.N. */
#include "attest/der.h"
#include "attest/pck.h"

static const uint8_t oid_base[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum { SGX_PPID = 1, SGX_TCB, SGX_PCEID, SGX_FMSPC, SGX_TYPE, SGX_INSTANCE, SGX_CONFIGURATION };
enum { TCB_COMPONENTS = 16, TCB_PCESVN = 17, TCB_CPUSVN = 18 };

/* One member: its number under base (and under `sub`, when that is not 0), and its value.  A number
 * over max or one that was seen is refused. */
static enum err_code next_member(struct rd *list, uint8_t sub, unsigned max, uint32_t *seen,
                                 unsigned *ret_n, struct der *ret_value, struct err *e)
{
    struct der seq, oid;
    struct rd in, arcs;
    unsigned n;

    TRY(der_expect(list, DER_SEQUENCE, &seq, e));
    in = rd_of(seq.body);
    TRY(der_expect(&in, DER_OID, &oid, e));
    TRY(der_next(&in, ret_value, e));
    TRY(der_finish(&in, "a member", e));
    arcs = rd_of(oid.body);
    if (!bytes_eq(rd_take(&arcs, sizeof oid_base), BYTES(oid_base)) ||
        (sub != 0 && rd_u8(&arcs) != sub))
        return err_set(e, ERR_INVALID, "a member of another kind");
    n = rd_u8(&arcs);
    if (!rd_end(&arcs) || n == 0 || n > max)
        return err_set(e, ERR_INVALID, "unknown member");
    if (*seen & (uint32_t)1 << n)
        return err_set(e, ERR_INVALID, "member %u twice", n);
    *seen |= (uint32_t)1 << n;
    *ret_n = n;
    return ERR_OK;
}

static enum err_code octets(const struct der *v, uint8_t *ret, size_t n, struct err *e)
{
    if (v->tag != DER_OCTET_STRING || v->body.n != n)
        return err_set(e, ERR_INVALID, "a member is not an octet string of %zu", n);
    memcpy(ret, v->body.p, n);
    return ERR_OK;
}

static enum err_code number(const struct der *v, uint8_t tag, uint64_t max, uint64_t *ret,
                            struct err *e)
{
    if (v->tag != tag)
        return err_set(e, ERR_INVALID, "a member of tag %02x, expected %02x", v->tag, tag);
    return der_uint(v, max, ret, e);
}

static enum err_code parse_tcb(const struct der *v, struct pck_tcb *tcb, struct err *e)
{
    struct rd list = rd_of(v->body);
    struct der value;
    uint32_t seen = 0;
    uint64_t svn;
    unsigned n;

    if (v->tag != DER_SEQUENCE)
        return err_set(e, ERR_INVALID, "the TCB is not a sequence");
    while (list.left > 0) {
        TRY(next_member(&list, SGX_TCB, TCB_CPUSVN, &seen, &n, &value, e));
        if (n == TCB_CPUSVN) {
            TRY(octets(&value, tcb->cpusvn, sizeof tcb->cpusvn, e));
        } else if (n == TCB_PCESVN) {
            TRY(number(&value, DER_INTEGER, UINT16_MAX, &svn, e));
            tcb->pcesvn = (uint16_t)svn;
        } else {
            TRY(number(&value, DER_INTEGER, UINT8_MAX, &svn, e));
            tcb->comp[n - 1] = (uint8_t)svn;
        }
    }
    if (seen != 0x7fffe) /* 1 to 18 */
        return err_set(e, ERR_INVALID, "the TCB has not 16 components, PCESVN and CPUSVN");
    return ERR_OK;
}

static enum err_code parse_configuration(const struct der *v, struct pck_extension *x,
                                         struct err *e)
{
    bool *const flags[] = {&x->dynamic_platform, &x->cached_keys, &x->smt_enabled};
    struct rd list = rd_of(v->body);
    struct der value;
    uint32_t seen = 0;
    unsigned n;

    if (v->tag != DER_SEQUENCE)
        return err_set(e, ERR_INVALID, "the configuration is not a sequence");
    while (list.left > 0) {
        TRY(next_member(&list, SGX_CONFIGURATION, 3, &seen, &n, &value, e));
        TRY(der_bool(&value, flags[n - 1], e));
    }
    x->has_configuration = true;
    return ERR_OK;
}

static enum err_code parse_member(unsigned n, const struct der *v, struct pck_extension *x,
                                  struct err *e)
{
    uint64_t type;

    switch (n) {
    case SGX_PPID:
        return octets(v, x->ppid, sizeof x->ppid, e);
    case SGX_TCB:
        return parse_tcb(v, &x->tcb, e);
    case SGX_PCEID:
        return octets(v, x->pceid, sizeof x->pceid, e);
    case SGX_FMSPC:
        return octets(v, x->fmspc, sizeof x->fmspc, e);
    case SGX_TYPE:
        TRY(number(v, DER_ENUMERATED, PCK_SGX_SCALABLE_INTEGRITY, &type, e));
        x->sgx_type = (enum pck_sgx_type)type;
        return ERR_OK;
    case SGX_INSTANCE:
        x->has_instance = true;
        return octets(v, x->platform_instance_id, sizeof x->platform_instance_id, e);
    default:
        return parse_configuration(v, x, e);
    }
}

static enum err_code parse(struct bytes sgx, struct pck_extension *x, struct err *e)
{
    struct rd r = rd_of(sgx), list;
    struct der seq, value;
    uint32_t seen = 0;
    unsigned n;

    TRY(der_expect(&r, DER_SEQUENCE, &seq, e));
    TRY(der_finish(&r, "the extension", e));
    list = rd_of(seq.body);
    while (list.left > 0) {
        TRY(next_member(&list, 0, SGX_CONFIGURATION, &seen, &n, &value, e));
        TRY_IN(e, parse_member(n, &value, x, e), "member %u", n);
    }
    if ((seen & 0x3e) != 0x3e)
        return err_set(e, ERR_INVALID, "PPID, TCB, PCEID, FMSPC or SGX type is missing");
    return ERR_OK;
}

enum err_code pck_extension_parse(struct bytes sgx, struct pck_extension *ret,
                                  enum attest_fault *fault, struct err *e)
{
    struct pck_extension x = {0};
    struct err why;

    if (parse(sgx, &x, &why) != ERR_OK)
        return attest_fail(fault, e, FAULT_PCK_EXTENSION, "%s", why.msg);
    *ret = x;
    return ERR_OK;
}
