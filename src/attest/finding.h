/* finding - how an examination notes what a check found.  Room: attest, private. */
#pragma once
#include <stdio.h>
#include "attest/examine.h"

/* The message of a refusal begins with its fault's name, which a finding has apart. */
static inline void finding_note(struct attest_finding *f, enum err_code code,
                                enum attest_fault fault, const struct err *why)
{
    f->judged = true;
    f->fault = code == ERR_OK ? FAULT_NONE : fault;
    f->detail[0] = 0;
    if (code != ERR_OK)
        snprintf(f->detail, sizeof f->detail, "%.223s", why->msg + strcspn(why->msg, ":") + 2);
}

static inline void finding_skip(struct attest_finding *f, const char *why)
{
    f->judged = false;
    f->fault = FAULT_NONE;
    snprintf(f->detail, sizeof f->detail, "%s", why);
}

static inline bool finding_held(const struct attest_finding *f)
{
    return f->judged && f->fault == FAULT_NONE;
}

/* Runs a check, which names its fault in `fault` and the reason in `why`. */
#define FINDING(f, call)                                                                           \
    do {                                                                                           \
        enum attest_fault fault_ = FAULT_INTERNAL, *fault = &fault_;                               \
        struct err why_ = {.msg = ": "}, *why = &why_;                                             \
        enum err_code code_ = (call);                                                              \
        finding_note(f, code_, fault_, why);                                                       \
    } while (0)
