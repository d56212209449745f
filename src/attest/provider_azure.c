/* Evidence of a TDX machine of Azure: vTPM and metadata service (IMDS). */
#include <pthread.h>
#include <time.h>
#include "attest/azure_machine.h"
#include "attest/provider.h"
#include "attest/vtpm.h"
#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"
#include "base/json.h"
#include "crypto/pem.h"
#include "net/http_client.h"

#define NV_HCL_REPORT  0x01400001
#define NV_USER_DATA   0x01400002
#define NV_CERTIFICATE 0x01C101D0
#define AK_HANDLE      0x81000003

#define IMDS_URL      "http://169.254.169.254"
#define IMDS_ATTEMPTS 4
#define IMDS_PAUSE_NS 500000000
#define DEADLINE_NS   ((uint64_t)30 * 1000000000)
#define PAUSE_NS      100000000

struct azure {
    pthread_mutex_t lock; /* the user data are the machine's, not a caller's */
    char *tpm;            /* NULL: the usual device */
    char *imds;
    struct buf intermediates; /* DER */
};

/* One quote in the making. */
struct making {
    const struct azure *a;
    vtpm *tpm;
    uint64_t deadline_ns;
};

static void pause_ns(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* ---- the vTPM ---- */

static enum err_code set_user_data(void *self, const struct report_data *rd, struct err *e)
{
    struct making *m = self;

    return vtpm_nv_write(m->tpm, NV_USER_DATA, BYTES(rd->b), e);
}

static enum err_code hcl_report(void *self, struct buf *ret, struct err *e)
{
    struct making *m = self;

    return vtpm_nv_read(m->tpm, NV_HCL_REPORT, ret, e);
}

static enum err_code tpm_quote(void *self, struct bytes qualifying, struct azure_evidence *ret,
                               struct err *e)
{
    struct making *m = self;

    return vtpm_quote(m->tpm, AK_HANDLE, qualifying, &ret->tpms_attest, &ret->tpm_signature,
                      ret->pcr, e);
}

static enum err_code certificates(void *self, struct buf *ret, struct err *e)
{
    struct making *m = self;
    struct buf padded AUTO_CALL(buf_done) = BUF(8192);
    struct bytes leaf;

    TRY(vtpm_nv_read(m->tpm, NV_CERTIFICATE, &padded, e));
    TRY(azure_certificate_cut(buf_bytes(&padded), &leaf, e));
    buf_put(ret, leaf);
    buf_put(ret, buf_bytes(&m->a->intermediates));
    return buf_check(ret, e);
}

static bool pause_shortly(void *self)
{
    const struct making *m = self;

    pause_ns(PAUSE_NS);
    return clock_ns(&clock_system) < m->deadline_ns;
}

/* ---- the metadata service ---- */

static enum err_code read_answer(struct bytes text, struct buf *ret, struct err *e)
{
    AUTO(json) j = NULL;
    const char *quote;
    size_t n;

    TRY(json_parse_foreign(text, 2 * AZURE_QUOTE_MAX, &j, e));
    TRY(json_get_str(j, "quote", 2 * AZURE_QUOTE_MAX, &quote, e));
    n = strlen(quote);
    while (n > 0 && quote[n - 1] == '=') /* some versions pad, some do not */
        n--;
    return base64url_decode((struct bytes){(const uint8_t *)quote, n}, ret, e);
}

static bool passing(unsigned status)
{
    return status == 410 || status == 429 || status >= 500;
}

/* POST {url}/acc/tdquote {"report": base64url(TDREPORT)} -> {"quote": base64url}.  The address is
 * link-local and plain HTTP by design: this one client may go there. */
static enum err_code tdx_quote(void *self, struct bytes tdreport, struct buf *ret, struct err *e)
{
    static const struct http_client_config config = {.allow_http = true,
                                                     .allow_private = true,
                                                     .connect_ms = 5000,
                                                     .total_ms = 10000,
                                                     .body_max = (size_t)2 * AZURE_QUOTE_MAX};
    static const struct http_header metadata = {"Metadata", "true"};
    const struct making *m = self;
    struct http_answer answer AUTO_CALL(http_answer_done) = {0};
    struct buf body AUTO_CALL(buf_done) = BUF(4096);
    AUTO(http_client) client = NULL;
    char url[512];

    snprintf(url, sizeof url, "%s/acc/tdquote", m->a->imds);
    buf_put_str(&body, "{\"report\":\"");
    base64url_put(&body, tdreport);
    buf_put_str(&body, "\"}");
    TRY(buf_check(&body, e));

    const struct http_call call = {.url = url,
                                   .headers = &metadata,
                                   .n_headers = 1,
                                   .content_type = "application/json",
                                   .body = buf_bytes(&body)};

    TRY(http_client_new(&config, &client, e));
    for (int i = 0; i == 0 || passing(answer.status); i++) {
        if (i == IMDS_ATTEMPTS || clock_ns(&clock_system) >= m->deadline_ns)
            return err_set(e, ERR_UPSTREAM, "metadata service: status %u again and again",
                           answer.status);
        if (i > 0)
            pause_ns(IMDS_PAUSE_NS);
        TRY_IN(e, http_client_do(client, &call, &answer, e), "metadata service");
    }
    if (answer.status != 200)
        return err_set(
            e, ERR_UPSTREAM,
            "metadata service: status %u, expected 200 (is this a TDX machine of Azure?)",
            answer.status);
    if (read_answer(buf_bytes(&answer.body), ret, e) != ERR_OK) {
        err_wrap(e, "answer of the metadata service");
        e->code = ERR_UPSTREAM;
        return ERR_UPSTREAM;
    }
    return ERR_OK;
}

/* ---- the provider ---- */

static enum err_code make(struct azure *a, const struct report_data *rd, struct azure_evidence *ret,
                          struct err *e)
{
    struct making m = {.a = a, .deadline_ns = clock_ns(&clock_system) + DEADLINE_NS};
    const struct azure_machine machine = {set_user_data, hcl_report,    tdx_quote, tpm_quote,
                                          certificates,  pause_shortly, &m};
    AUTO(vtpm) tpm = NULL;

    TRY(vtpm_open(a->tpm, m.deadline_ns, &tpm, e));
    m.tpm = tpm;
    return azure_machine_evidence(&machine, rd, ret, e);
}

static enum err_code quote(void *self, const struct report_data *rd, struct buf *ret, struct err *e)
{
    struct azure_evidence ev AUTO_CALL(azure_evidence_done) = {0};
    struct azure *a = self;
    enum err_code code;

    pthread_mutex_lock(&a->lock);
    code = make(a, rd, &ev, e);
    pthread_mutex_unlock(&a->lock);
    TRY(code);
    return azure_evidence_encode(&ev, ret, e);
}

static void azure_free(void *self)
{
    struct azure *a = self;

    if (!a)
        return;
    pthread_mutex_destroy(&a->lock);
    free(a->tpm);
    free(a->imds);
    buf_done(&a->intermediates);
    free(a);
}

static enum err_code read_intermediates(const char *path, struct buf *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF((size_t)2 * AZURE_CHAIN_MAX);
    struct bytes rest;
    enum err_code code;

    TRY(fs_read(path, &text, e));
    rest = buf_bytes(&text);
    do {
        code = pem_next(&rest, "CERTIFICATE", ret, e);
    } while (code == ERR_OK);
    if (code != ERR_NOT_FOUND)
        return err_wrap(e, "%s", path);
    if (ret->n == 0)
        return err_set(e, ERR_INVALID, "%s: no certificate in PEM", path);
    return ERR_OK;
}

/* The vTPM is there and it is a paravisor's. */
static enum err_code check(const struct azure *a, struct err *e)
{
    uint64_t deadline = clock_ns(&clock_system) + DEADLINE_NS;
    struct buf report AUTO_CALL(buf_done) = BUF(AZURE_HCL_MAX);
    AUTO(vtpm) tpm = NULL;

    TRY(vtpm_open(a->tpm, deadline, &tpm, e));
    TRY_IN(e, vtpm_nv_read(tpm, NV_HCL_REPORT, &report, e),
           "HCL report (only a confidential machine of Azure has one)");
    if (report.n < 4 || !bytes_eq((struct bytes){report.p, 4}, bytes_of_str("HCLA")))
        return err_set(e, ERR_IO, "NV 0x%08x holds no HCL report", NV_HCL_REPORT);
    return ERR_OK;
}

static enum err_code configure(struct azure *a, const struct provider_azure_config *c,
                               struct err *e)
{
    const char *imds = IMDS_URL;

#ifdef TEEREG_DEV_ROOTS
    if (c->tpm) {
        a->tpm = strdup(c->tpm);
        if (!a->tpm)
            return err_set(e, ERR_NOMEM, "provider of quotes");
    }
    if (c->imds)
        imds = c->imds;
#endif
    a->imds = strdup(imds);
    if (!a->imds)
        return err_set(e, ERR_NOMEM, "provider of quotes");
    if (c->intermediates)
        TRY_IN(e, read_intermediates(c->intermediates, &a->intermediates, e),
               "certificates above the vTPM's key");
    return check(a, e);
}

enum err_code provider_azure(const struct provider_azure_config *c, quote_provider **ret,
                             struct err *e)
{
    AUTO(quote_provider) p = calloc(1, sizeof *p);
    struct azure *a = calloc(1, sizeof *a);

    if (p)
        *p = (quote_provider){quote, azure_free, a, EVIDENCE_TYPE_AZURE_VTPM, "azure-vtpm"};
    if (!p || !a) {
        if (!p)
            free(a);
        return err_set(e, ERR_NOMEM, "provider of quotes");
    }
    pthread_mutex_init(&a->lock, NULL);
    a->intermediates = BUF(AZURE_CHAIN_MAX);
    TRY_IN(e, configure(a, c, e), "azure-vtpm");
    *ret = TAKE(p);
    return ERR_OK;
}
