#include "cli/judge.h"

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
