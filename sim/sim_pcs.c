#include "sim_pcs.h"

#include "base/clock.h"
#include "base/codec.h"
#include "crypto/pem.h"

#define HOUR_S 3600

/* One request, read. */
struct ask {
    const struct sim_pcs *service;
    struct sim_collateral_spec spec;
    const struct http_request *req;
    struct http_response *ret;
};

/* ---- parameters ---- */

/* A parameter's value, "" when it is not there; false (and 400) when it is there twice or too long.
 */
static bool param(const struct ask *a, const char *name, char *ret, size_t size)
{
    struct err e;
    enum err_code code = http_request_query(a->req, name, ret, size, &e);

    if (code == ERR_NOT_FOUND)
        *ret = 0;
    else if (code != ERR_OK)
        http_response_text(a->ret, 400, "one value of at most 15 characters for each parameter\n");
    return code == ERR_OK || code == ERR_NOT_FOUND;
}

/* Number of the standard data; the early data is the next one. */
static unsigned standard(const struct ask *a)
{
    const unsigned n = a->service->spec.evaluation_number;

    return n ? n : SIM_EVALUATION;
}

static void use_early(struct ask *a)
{
    a->spec.early = true;
    a->spec.evaluation_number = standard(a) + 1;
}

/* Those that tcbevaluationdatanumbers lists. */
static bool read_number(struct ask *a, const char *text)
{
    unsigned n = 0;

    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || p - text >= 6) {
            http_response_text(a->ret, 400, "tcbEvaluationDataNumber is a number\n");
            return false;
        }
        n = n * 10 + (unsigned)(*p - '0');
    }
    if (n > standard(a) + 1 || n < standard(a)) {
        http_response_text(a->ret, n < standard(a) ? 410 : 404, "no such evaluation\n");
        return false;
    }
    if (n > standard(a))
        use_early(a);
    return true;
}

static bool read_update(struct ask *a)
{
    char update[16], number[16];

    if (!param(a, "update", update, sizeof update) ||
        !param(a, "tcbEvaluationDataNumber", number, sizeof number))
        return false;
    if ((*update && *number) ||
        (*update && strcmp(update, "standard") != 0 && strcmp(update, "early") != 0)) {
        http_response_text(a->ret, 400,
                           "update=standard, update=early or tcbEvaluationDataNumber=N\n");
        return false;
    }
    if (*number)
        return read_number(a, number);
    if (strcmp(update, "early") == 0)
        use_early(a);
    return true;
}

static bool read_fmspc(const struct ask *a)
{
    uint8_t fmspc[6];
    char text[16];
    struct err e;

    if (!param(a, "fmspc", text, sizeof text))
        return false;
    if (hex_decode(bytes_of_str(text), fmspc, sizeof fmspc, &e) != ERR_OK) {
        http_response_text(a->ret, 400, "fmspc is 12 hex digits\n");
        return false;
    }
    if (memcmp(fmspc, sim_platform_info(a->service->platform)->fmspc, sizeof fmspc) != 0) {
        http_response_text(a->ret, 404, "no simulated platform is of that family\n");
        return false;
    }
    return true;
}

/* ---- answers ---- */

/* Percent-encoding: everything but RFC 3986's unreserved characters. */
static void put_encoded(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = (char)text.p[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-_.~", c))
            buf_put_u8(out, text.p[i]);
        else
            buf_printf(out, "%%%02X", text.p[i]);
    }
}

static void put_chain_header(const struct ask *a, const char *name, const struct buf *chain)
{
    struct buf value AUTO_CALL(buf_done) = BUF(HTTP_EXTRA_MAX);

    put_encoded(&value, buf_bytes(chain));
    if (!value.bad)
        http_response_header(a->ret, name, buf_cstr(&value));
}

static void put_json(const struct ask *a, const char *header, const char *member,
                     const struct collateral_text *t)
{
    put_chain_header(a, header, &t->issuer_chain);
    a->ret->status = 200;
    buf_printf(&a->ret->body, "{\"%s\":", member);
    buf_put(&a->ret->body, buf_bytes(&t->body));
    buf_put_str(&a->ret->body, ",\"signature\":\"");
    hex_put(&a->ret->body, buf_bytes(&t->signature));
    buf_put_str(&a->ret->body, "\"}");
}

enum crl_form { CRL_DER, CRL_PEM, CRL_HEX };

static void put_crl(const struct ask *a, enum crl_form form, const struct collateral_text *t)
{
    struct buf *body = &a->ret->body;

    a->ret->status = 200;
    a->ret->content_type = form == CRL_DER   ? "application/pkix-crl"
                           : form == CRL_PEM ? "application/x-pem-file"
                                             : "text/plain; charset=utf-8";
    if (form == CRL_DER)
        buf_put(body, buf_bytes(&t->body));
    else if (form == CRL_PEM)
        pem_put(body, "X509 CRL", buf_bytes(&t->body));
    else
        hex_put(body, buf_bytes(&t->body));
}

static bool make(const struct ask *a, struct collateral_bundle *b)
{
    struct err e;

    if (sim_collateral_parts(a->service->platform, &a->spec, b, &e) == ERR_OK)
        return true;
    http_response_text(a->ret, 500, "the simulated vendor could not make it\n");
    return false;
}

static void answer_tcb_info(struct ask *a)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    if (read_fmspc(a) && read_update(a) && make(a, &b))
        put_json(a, "TCB-Info-Issuer-Chain", "tcbInfo", &b.text[COLLATERAL_TCB_INFO]);
}

static void answer_qe_identity(struct ask *a)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};

    if (read_update(a) && make(a, &b))
        put_json(a, "SGX-Enclave-Identity-Issuer-Chain", "enclaveIdentity",
                 &b.text[COLLATERAL_QE_IDENTITY]);
}

static void answer_numbers(struct ask *a)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    struct err e;

    if (sim_collateral_numbers(&a->spec, &b, &e) == ERR_OK)
        put_json(a, "TCB-Evaluation-Data-Numbers-Issuer-Chain", "tcbEvaluationDataNumbers",
                 &b.text[0]);
}

static void answer_pck_crl(struct ask *a)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    char ca[16], encoding[16];

    if (!param(a, "ca", ca, sizeof ca) || !param(a, "encoding", encoding, sizeof encoding))
        return;
    a->spec.processor_ca = strcmp(ca, "processor") == 0;
    if (!a->spec.processor_ca && strcmp(ca, "platform") != 0) {
        http_response_text(a->ret, 400, "ca=platform or ca=processor\n");
    } else if (*encoding && strcmp(encoding, "der") != 0 && strcmp(encoding, "pem") != 0) {
        http_response_text(a->ret, 400, "encoding=pem or encoding=der\n");
    } else if (make(a, &b)) {
        const struct collateral_text *t = &b.text[COLLATERAL_PCK_CRL];

        put_chain_header(a, "SGX-PCK-CRL-Issuer-Chain", &t->issuer_chain);
        put_crl(a, strcmp(encoding, "der") == 0 ? CRL_DER : CRL_PEM, t);
    }
}

static void answer_root_crl(struct ask *a)
{
    struct collateral_bundle b AUTO_CALL(collateral_bundle_done) = {0};
    const bool pccs = http_request_param(a->req, "what");

    if (make(a, &b))
        put_crl(a, pccs ? CRL_HEX : CRL_DER, &b.text[COLLATERAL_ROOT_CRL]);
}

static void answer_fmspcs(struct ask *a)
{
    static const char *const ours[] = {"", "all", "E5"}, *const others[] = {"client", "E3"};
    char platform[16];
    bool known = false, is_ours = false;

    if (!param(a, "platform", platform, sizeof platform))
        return;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        is_ours = is_ours || strcmp(platform, ours[i]) == 0;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        known = known || strcmp(platform, others[i]) == 0;
    if (!is_ours && !known) {
        http_response_text(a->ret, 400, "platform=all, client, E3 or E5\n");
        return;
    }
    a->ret->status = 200;
    buf_put_str(&a->ret->body, "[");
    if (is_ours) {
        buf_put_str(&a->ret->body, "{\"fmspc\":\"");
        hex_put(&a->ret->body, BYTES(sim_platform_info(a->service->platform)->fmspc));
        buf_put_str(&a->ret->body, "\",\"platform\":\"E5\"}");
    }
    buf_put_str(&a->ret->body, "]");
}

void sim_pcs_answer(const struct sim_pcs *s, const struct http_request *req,
                    struct http_response *ret)
{
    static const struct {
        const char *what;
        bool both; /* kinds of TEE; else under /sgx alone */
        void (*answer)(struct ask *a);
    } all[] = {
        {"tcb", true, answer_tcb_info},    {"tcbevaluationdatanumbers", true, answer_numbers},
        {"pckcrl", false, answer_pck_crl}, {"rootcacrl", false, answer_root_crl},
        {"fmspcs", false, answer_fmspcs},
    };
    const char *tee = http_request_param(req, "tee"), *what = http_request_param(req, "what");
    struct ask a = {.service = s, .spec = s->spec, .req = req, .ret = ret};
    const bool sgx = !tee || strcmp(tee, "sgx") == 0;

    if (a.spec.now == 0)
        a.spec.now = clock_unix(&clock_system) / HOUR_S * HOUR_S;
    a.spec.sgx = sgx;
    http_response_header(ret, "Request-ID", req->request_id);
    http_response_header(ret, "X-Simulated", "this proves nothing");
    if (tee && !sgx && strcmp(tee, "tdx") != 0) {
        http_response_text(ret, 404, "no such path\n");
        return;
    }
    if (!tee) {
        answer_root_crl(&a);
        return;
    }
    if (!what) {
        answer_qe_identity(&a);
        return;
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(what, all[i].what) == 0 && (sgx || all[i].both)) {
            all[i].answer(&a);
            return;
        }
    http_response_text(ret, 404, "no such path\n");
}
