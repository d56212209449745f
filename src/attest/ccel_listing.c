#include "attest/ccel_listing.h"

#include "attest/ccel_path.h"
#include "attest/ccel_text.h"
#include "attest/ccel_variable.h"

static const char *const rtmr_members[CCEL_RTMRS] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};

typedef void put_text(const struct ccel_entry *ev, struct buf *out);

static enum err_code put_described(json *to, const char *member, put_text *put,
                                   const struct ccel_entry *ev, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(CCEL_LINE_MAX);

    put(ev, &text);
    TRY(buf_check(&text, e));
    return json_put_str(to, member, buf_cstr(&text), e);
}

static void type_of(const struct ccel_entry *ev, struct buf *out)
{
    ccel_put_type(out, ev->type);
}

static void variable_name(const struct ccel_entry *ev, struct buf *out)
{
    struct ccel_variable v;
    struct err ignored;

    if (ccel_variable_parse(ev->data, &v, &ignored) == ERR_OK)
        ccel_put_utf16(out, v.name);
}

static void variable_guid(const struct ccel_entry *ev, struct buf *out)
{
    struct ccel_variable v;
    struct err ignored;

    if (ccel_variable_parse(ev->data, &v, &ignored) == ERR_OK)
        ccel_put_guid(out, v.guid);
}

static enum err_code put_variable(const struct ccel_entry *ev, json *to, struct err *e)
{
    AUTO(json) node = NULL;
    struct ccel_variable v;
    struct err ignored;

    if (!ccel_type_is_variable(ev->type) || ccel_variable_parse(ev->data, &v, &ignored) != ERR_OK)
        return ERR_OK;
    TRY(json_new_object(&node, e));
    TRY(put_described(node, "name", variable_name, ev, e));
    TRY(put_described(node, "guid", variable_guid, ev, e));
    TRY(json_put_u64(node, "value_bytes", v.value.n, e));
    return json_put(to, "variable", TAKE(node), e);
}

static enum err_code put_event(const struct ccel_log *log, size_t i, json *to, struct err *e)
{
    const struct ccel_entry *ev = &log->entry[i];
    AUTO(json) node = NULL;

    TRY(json_new_object(&node, e));
    TRY(json_put_u64(node, "event", i + 1, e));
    TRY(json_put_str(node, "register", ccel_register_name(ev->index), e));
    TRY(put_described(node, "type", type_of, ev, e));
    TRY(json_put_u64(node, "type_number", ev->type, e));
    TRY(json_put_hex(node, "digest", BYTES(ev->digest), e));
    TRY(json_put_str(node, "digest_check", ccel_digest_name(ccel_digest_check(ev)), e));
    TRY(json_put_bool(node, "digest_matches_event", ccel_digest_is_of_data(ev), e));
    TRY(put_described(node, "description", ccel_describe, ev, e));
    TRY(json_put_u64(node, "data_bytes", ev->data.n, e));
    TRY(put_variable(ev, node, e));
    return json_append(to, TAKE(node), e);
}

static enum err_code put_replay(const struct ccel_log *log, json *to, struct err *e)
{
    struct ccel_replay replay;
    AUTO(json) extends = NULL;

    ccel_log_replay(log, &replay);
    TRY(json_new_object(&extends, e));
    for (size_t i = 0; i < CCEL_RTMRS; i++)
        TRY(json_put_u64(extends, rtmr_members[i], replay.extends[i], e));
    TRY(json_put(to, "extends", TAKE(extends), e));
    for (size_t i = 0; i < CCEL_RTMRS; i++)
        TRY(json_put_hex(to, rtmr_members[i], BYTES(replay.rtmr[i]), e));
    return json_put_u64(to, "mrtd_events", replay.mrtd, e);
}

static enum err_code put_finding(const struct ccel_log *log, const struct ccel_finding *f, json *to,
                                 struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(512);
    AUTO(json) node = NULL;

    ccel_finding_text(log, f, &text);
    TRY(buf_check(&text, e));
    TRY(json_new_object(&node, e));
    TRY(json_put_str(node, "code", ccel_fault_name(f->fault), e));
    if (f->event == CCEL_NOT_AN_EVENT)
        TRY(json_put_null(node, "event", e));
    else
        TRY(json_put_u64(node, "event", f->event + 1, e));
    TRY(json_put_bool(node, "refuses", ccel_fault_refuses(f->fault), e));
    TRY(json_put_str(node, "message", buf_cstr(&text), e));
    return json_append(to, TAKE(node), e);
}

static enum err_code put_findings(const struct ccel_log *log, json *to, struct err *e)
{
    struct ccel_finding all[CCEL_FINDINGS_SHOWN];
    AUTO(json) list = NULL;
    size_t n = ccel_log_findings(log, all, CCEL_FINDINGS_SHOWN);

    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < n && i < CCEL_FINDINGS_SHOWN; i++)
        TRY(put_finding(log, &all[i], list, e));
    return json_put(to, "findings", TAKE(list), e);
}

static enum err_code put_form(const struct ccel_log *log, json *to, struct err *e)
{
    AUTO(json) list = NULL;

    TRY(json_put_str(to, "form", log->form == CCEL_FORM_TCG ? "tcg" : "json", e));
    if (log->form != CCEL_FORM_TCG)
        return ERR_OK;
    TRY(json_put_u64(to, "end_offset", log->end_offset, e));
    TRY(json_new_array(&list, e));
    for (size_t i = 0; i < log->n_algs; i++) {
        char name[16];

        snprintf(name, sizeof name, "0x%04x", log->alg[i].id);
        TRY(json_append_str(list, name, e));
    }
    return json_put(to, "algorithms", TAKE(list), e);
}

enum err_code ccel_log_listing(const struct ccel_log *log, json **ret, struct err *e)
{
    AUTO(json) result = NULL;
    AUTO(json) events = NULL;

    TRY(json_new_object(&result, e));
    TRY(put_form(log, result, e));
    TRY(json_new_array(&events, e));
    for (size_t i = 0; i < log->n; i++)
        TRY(put_event(log, i, events, e));
    TRY(json_put(result, "events", TAKE(events), e));
    TRY(put_replay(log, result, e));
    TRY(put_findings(log, result, e));
    *ret = TAKE(result);
    return ERR_OK;
}

enum err_code ccel_listing(struct bytes log, json **ret, struct err *e)
{
    struct ccel_log read AUTO_CALL(ccel_log_done) = {0};

    TRY(ccel_log_read(log, &read, e));
    return ccel_log_listing(&read, ret, e);
}

enum err_code ccel_put_matches(const struct ccel_log *log,
                               const uint8_t rtmr[static CCEL_RTMRS][48], json *to, struct err *e)
{
    struct ccel_replay replay;
    bool same[CCEL_RTMRS], all;
    AUTO(json) node = NULL;

    ccel_log_replay(log, &replay);
    all = ccel_replay_matches(&replay, rtmr, same);
    TRY(json_new_object(&node, e));
    for (size_t i = 0; i < CCEL_RTMRS; i++)
        TRY(json_put_bool(node, rtmr_members[i], same[i], e));
    TRY(json_put(to, "quote_matches", TAKE(node), e));
    return json_put_bool(to, "matches", all, e);
}

enum err_code ccel_verdict(struct bytes log, const uint8_t rtmr[static CCEL_RTMRS][48], json **ret,
                           struct err *e)
{
    struct ccel_log read AUTO_CALL(ccel_log_done) = {0};
    enum attest_fault fault = FAULT_NONE;
    AUTO(json) result = NULL;
    struct err why;

    TRY(json_new_object(&result, e));
    if (ccel_verify(log, rtmr, &fault, &why) == ERR_OK) {
        TRY(json_put_str(result, "verdict", CCEL_VERDICT_MATCHES, e));
        TRY(json_put_null(result, "code", e));
    } else {
        TRY(json_put_str(result, "verdict", why.msg, e));
        TRY(json_put_str(result, "code", attest_fault_name(fault), e));
    }
    if (ccel_log_read(log, &read, &why) == ERR_OK) {
        TRY(put_replay(&read, result, e));
        TRY(ccel_put_matches(&read, rtmr, result, e));
        TRY(put_findings(&read, result, e));
    }
    *ret = TAKE(result);
    return ERR_OK;
}

void ccel_log_lines(const struct ccel_log *log, struct buf *ret)
{
    for (size_t i = 0; i < log->n; i++) {
        const struct ccel_entry *ev = &log->entry[i];

        buf_printf(ret, "%5zu  %-5s  ", i + 1, ccel_register_name(ev->index));
        ccel_put_type(ret, ev->type);
        buf_put_str(ret, "  ");
        ccel_describe(ev, ret);
        buf_printf(ret, "  [digest %s]\n", ccel_digest_name(ccel_digest_check(ev)));
    }
}
