/* What operations are given is checked in one place, and the field is named. */
#include "worker/reads/ops.h"

#include "common/clock.h"
#include "tests/unit/harness.h"
#include "worker/reads/answer.h"

static json_t *checked(const char *name, const char *raw_text)
{
    struct error e = {0};
    json_t *raw = json_loads(raw_text, 0, NULL);
    json_t *args = NULL;
    CHECK(raw != NULL);
    CHECK_OK(op_check_args(op_find(name), raw, &args, &e), &e);
    json_decref(raw);
    return args;
}

static void refused(const char *name, const char *raw_text, const char *part)
{
    struct error e = {0};
    json_t *raw = json_loads(raw_text, JSON_ALLOW_NUL, NULL);
    json_t *args = NULL;
    CHECK(raw != NULL);
    CHECK_FAILS(op_check_args(op_find(name), raw, &args, &e), &e, CAUSE_USAGE, part);
    CHECK(args == NULL);
    json_decref(raw);
}

TEST(every_operation_is_found_by_its_name_and_can_be_run)
{
    for (size_t i = 0; i < op_count; i++) {
        CHECK(op_find(ops[i].name) == &ops[i]);
        CHECK(ops[i].run != NULL);
        CHECK(ops[i].about[0] != '\0');
    }
    CHECK(op_find("nothing") == NULL);
}

TEST(defaults_are_filled_in)
{
    json_t *args = checked("search", "{\"query\": \"x\"}");
    CHECK_INT(json_integer_value(json_object_get(args, "limit")), 10);
    CHECK_INT(json_integer_value(json_object_get(args, "offset")), 0);
    CHECK(json_object_get(args, "tag") == NULL);
    json_decref(args);
}

TEST(texts_become_what_they_mean)
{
    json_t *args = checked("search", "{\"query\": \"x\", \"limit\": \"5\", \"source\": \"a\"}");
    CHECK_INT(json_integer_value(json_object_get(args, "limit")), 5);
    CHECK_INT(json_array_size(json_object_get(args, "source")), 1);
    json_decref(args);
}

TEST(a_list_of_one_is_a_value)
{
    json_t *args = checked("search", "{\"query\": [\"x\"]}");
    CHECK_STR(json_string_value(json_object_get(args, "query")), "x");
    json_decref(args);
}

TEST(times_are_dates_or_ages)
{
    clock_fake(0, INT64_C(1800000000) * 1000);
    json_t *args =
        checked("search", "{\"query\": \"x\", \"since\": \"1d\", \"until\": \"2026-05-01\"}");
    CHECK_INT(json_integer_value(json_object_get(args, "since")), 1800000000 - 86400);
    CHECK_INT(json_integer_value(json_object_get(args, "until")), 1777593600);
    json_decref(args);
    args =
        checked("search", "{\"query\": \"x\", \"since\": 5, \"until\": \"2026-05-01T00:00:01Z\"}");
    CHECK_INT(json_integer_value(json_object_get(args, "since")), 5);
    CHECK_INT(json_integer_value(json_object_get(args, "until")), 1777593601);
    json_decref(args);
}

TEST(mistakes_name_their_field)
{
    refused("search", "{}", "query: is missing");
    refused("search", "{\"query\": \"\"}", "query: is empty");
    refused("search", "{\"query\": 5}", "query: expected a text");
    refused("search", "{\"query\": \"a\\u0000b\"}", "query: contains a NUL");
    refused("search", "{\"query\": [\"a\", \"b\"]}", "query: given more than once");
    refused("search", "{\"query\": \"x\", \"limit\": 0}", "limit: expected a number from 1 to 100");
    refused("search", "{\"query\": \"x\", \"limit\": \"1e3\"}",
            "limit: \"1e3\": expected a number");
    refused("search", "{\"query\": \"x\", \"since\": \"2026-02-30\"}", "since: \"2026-02-30\"");
    refused("search", "{\"query\": \"x\", \"lim\": 3}", "lim: no such parameter; search has query");
    refused("search", "[]", "expected an object");
}

TEST(a_list_is_cut_to_its_limit_and_says_that_there_is_more)
{
    json_t *answer = json_object();
    struct paging paging = {.limit = 2, .offset = 4};
    CHECK_INT(paging_ask(&paging), 3);
    paging_add(answer, &paging, "rows", json_pack("[i, i, i]", 1, 2, 3));
    CHECK_INT(json_array_size(json_object_get(answer, "rows")), 2);
    CHECK(json_is_true(json_object_get(answer, "has_more")));
    CHECK_INT(json_integer_value(json_object_get(answer, "offset")), 4);
    json_decref(answer);
}

TEST(a_list_that_ends_at_its_limit_has_no_more)
{
    json_t *answer = json_object();
    struct paging paging = {.limit = 2};
    paging_add(answer, &paging, "rows", json_pack("[i, i]", 1, 2));
    CHECK(json_is_false(json_object_get(answer, "has_more")));
    json_decref(answer);
}
