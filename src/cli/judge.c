#include "cli/judge.h"

#include "base/clock.h"
#include "base/codec.h"
#include "base/fs.h"

#define POLICY_FILE_MAX 65536
#define OBJECTS_MAX     256

enum err_code cli_policy_file(const char *path, struct attest_policy *ret, struct err *e)
{
    struct buf text AUTO_CALL(buf_done) = BUF(POLICY_FILE_MAX);

    TRY_IN(e, fs_read(path, &text, e), "attestation policy");
    TRY_IN(e, attest_policy_decode_json(buf_bytes(&text), ret, e), "%s", path);
    return ERR_OK;
}

enum err_code cli_policy(const struct cli_args *a, struct attest_policy *ret, struct err *e)
{
    const char *path = cli_value(a, "policy");

    *ret = attest_policy_default;
    return path ? cli_policy_file(path, ret, e) : ERR_OK;
}

enum err_code cli_verify_policy(const struct cli_args *a, struct attest_policy *ret, struct err *e)
{
    const char *list = cli_value(a, "accept-status");

    TRY(cli_policy(a, ret, e));
    if (list && tcb_status_set_parse(list, &ret->statuses, e) != ERR_OK) {
        err_wrap(e, "--accept-status");
        e->code = ERR_USAGE;
        return ERR_USAGE;
    }
    return ERR_OK;
}

enum err_code cli_verify_time(const struct cli_args *a, int64_t *ret, struct err *e)
{
    uint64_t at;

    if (!cli_value(a, "at")) {
        *ret = clock_unix(&clock_system);
        return ERR_OK;
    }
    TRY(cli_u64(a, "at", (uint64_t)1 << 40, &at, e));
    *ret = (int64_t)at;
    return ERR_OK;
}

enum err_code cli_verify_report_data(const struct cli_args *a, struct report_data *ret,
                                     bool *ret_given, struct err *e)
{
    const char *text = cli_value(a, "report-data");

    if (text)
        TRY_IN(e, hex_decode_0x(bytes_of_str(text), ret->b, sizeof ret->b, e), "--report-data");
    *ret_given = text != NULL;
    return ERR_OK;
}

enum err_code cli_judge_open(const struct cli_args *a, struct cli_judge *ret, struct err *e)
{
    const char *path = cli_value(a, "collateral-dir");

    TRY(cli_policy(a, &ret->policy, e));
    TRY(collateral_cache_new(OBJECTS_MAX, &ret->objects, e));
    if (path)
        TRY_IN(e,
               collateral_dir_new(path, attest_roots(), ret->objects, &clock_system, &ret->dir, e),
               "--collateral-dir");
    ret->judge = (struct attest_judge){
        .policy = &ret->policy,
        .objects = ret->objects,
        .source = ret->dir ? collateral_dir_source(ret->dir) : NULL,
    };
    return ERR_OK;
}

void cli_judge_done(struct cli_judge *j)
{
    collateral_dir_free(j->dir);
    collateral_cache_free(j->objects);
}
