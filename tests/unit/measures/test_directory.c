#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"
#include "measures/directory.h"
#include "measures/forward.h"

static struct directory_extension e[4];
static struct directory_person p[4];
static struct directory_department dep[2];
static struct directory d;
static uint32_t mem[512];
static char clash[64];

static int setup(void **state)
{
	(void)state;
	memset(e, 0, sizeof(e));
	memset(p, 0, sizeof(p));
	memset(dep, 0, sizeof(dep));
	memset(&d, 0, sizeof(d));
	e[0] = (struct directory_extension){.id = 10, .number = "8312", .person = 1};
	e[1] = (struct directory_extension){.id = 11, .number = "0800", .person = 2};
	e[2] = (struct directory_extension){.id = 12, .number = "83121", .department = 5};
	p[0] = (struct directory_person){.id = 1,
					 .name = "A",
					 .reading = "zhang1 san1 feng1",
					 .extension = 10,
					 .post = POST_VICE_CHAIRMAN};
	p[1] = (struct directory_person){.id = 2,
					 .name = "B",
					 .reading = "lv3 bu4",
					 .extension = 11,
					 .post = POST_VICE_CHAIRMAN,
					 .disclosure = DISCLOSE_INSIDE};
	p[2] = (struct directory_person){
	    .id = 3, .name = "", .reading = "zhang1", .post = POST_GENERAL_MANAGER};
	dep[0] = (struct directory_department){
	    .id = 5, .name = "D", .number = "8310", .members = {10, 12}, .member_count = 2};
	dep[1] = (struct directory_department){.id = 6, .name = "N"};
	d.extensions = e;
	d.people = p;
	d.departments = dep;
	d.extension_count = 3;
	d.person_count = 3;
	d.department_count = 2;
	assert_true(directory_index_bytes(&d) <= sizeof(mem));
	return 0;
}

static void look_ups(void **state)
{
	(void)state;
	assert_null(directory_extension(&d, 10)); /* not indexed yet */
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), 0);
	assert_ptr_equal(directory_extension(&d, 11), &e[1]);
	assert_null(directory_extension(&d, 13));
	assert_null(directory_extension(&d, 0));
	assert_ptr_equal(directory_person(&d, 2), &p[1]);
	assert_ptr_equal(directory_department(&d, 6), &dep[1]);
	assert_int_equal(directory_number(&d, "0800").id, 11);
	assert_int_equal(directory_number(&d, "800").kind, TARGET_NONE);
	assert_int_equal(directory_number(&d, "").kind, TARGET_NONE);
	assert_int_equal(directory_number(&d, "8310").kind, TARGET_DEPARTMENT);
	assert_int_equal(directory_number(&d, "8310").id, 5);
}

static void longer_numbers(void **state)
{
	(void)state;
	assert_false(directory_more(&d, "8"));
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), 0);
	assert_true(directory_more(&d, ""));
	assert_true(directory_more(&d, "8"));
	assert_true(directory_more(&d, "831"));
	assert_true(directory_more(&d, "8312")); /* 83121 */
	assert_false(directory_more(&d, "83121"));
	assert_false(directory_more(&d, "8310"));
	assert_false(directory_more(&d, "9"));
	assert_true(directory_more(&d, "0"));
}

static void clashes(void **state)
{
	(void)state;
	e[2].id = 10;
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), EEXIST);
	assert_string_equal(clash, "extension 10");
	assert_null(d.index);
	setup(NULL);
	TEXT_COPY(dep[0].number, "8312");
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), EEXIST);
	assert_string_equal(clash, "8312");
	setup(NULL);
	p[0].secretary = 77;
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), ENOENT);
	assert_string_equal(clash, "person 77");
	setup(NULL);
	dep[0].members[1] = 99;
	assert_int_equal(directory_index(&d, mem, NULL, 0), ENOENT);
	assert_null(d.index);
}

static void posts(void **state)
{
	(void)state;
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), 0);
	assert_ptr_equal(directory_post(&d, POST_VICE_CHAIRMAN, 0), &p[0]);
	assert_ptr_equal(directory_post(&d, POST_VICE_CHAIRMAN, 1), &p[1]);
	assert_null(directory_post(&d, POST_VICE_CHAIRMAN, 2));
	assert_null(directory_post(&d, POST_GENERAL_MANAGER, 0)); /* vacant */
}

static void keypad(void **state)
{
	uint32_t ids[4];

	(void)state;
	assert_int_equal(directory_keypad(&d, "973", false, ids, 4), 1); /* zsf */
	assert_int_equal(ids[0], 1);
	assert_int_equal(directory_keypad(&d, "94264726", false, ids, 4), 1); /* zhangsan */
	assert_int_equal(directory_keypad(&d, "97", false, ids, 4), 0);	      /* not all initials */
	assert_int_equal(directory_keypad(&d, "52", false, ids, 4), 0);	      /* lb: inside only */
	assert_int_equal(directory_keypad(&d, "52", true, ids, 4), 1);
	assert_int_equal(ids[0], 2);
	assert_int_equal(directory_keypad(&d, "58", true, ids, 0), 1); /* lv, counted only */
	assert_int_equal(directory_keypad(&d, "", true, ids, 4), 0);
}

static void many(void **state)
{
	enum { MANY = 5000 };
	struct directory_extension *x = calloc(MANY, sizeof(*x));
	struct directory big = {.extensions = x, .extension_count = MANY};
	void *index;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		x[i].id = 1000000 + i * 7;
		snprintf(x[i].number, sizeof(x[i].number), "%05u", i);
	}
	index = malloc(directory_index_bytes(&big));
	assert_int_equal(directory_index(&big, index, clash, sizeof(clash)), 0);
	for (unsigned i = 0; i < MANY; i++) {
		assert_ptr_equal(directory_extension(&big, x[i].id), &x[i]);
		assert_int_equal(directory_number(&big, x[i].number).id, x[i].id);
	}
	assert_true(directory_more(&big, "0499"));
	assert_false(directory_more(&big, "05"));
	free(index);
	free(x);
}

/* ---- forwards ---- */

static struct measures forward_measures(void)
{
	struct measures m = {.main_number = "8000", .outside_prefix = "9"};

	TEXT_COPY(m.prefixes[0].prefix, "1");
	m.prefixes[0].least_class = CLASS_CITY;
	TEXT_COPY(m.prefixes[1].prefix, "00");
	m.prefixes[1].least_class = CLASS_INTERNATIONAL;
	m.prefix_count = 2;
	TEXT_COPY(m.emergency[0], "110");
	m.emergency_count = 1;
	return m;
}

static void forwards(void **state)
{
	static const struct {
		const char *number;
		enum forward_fault fault;
	} cases[] = {
	    {"0800", FORWARD_FINE},
	    {"8310", FORWARD_FINE},
	    {"8000", FORWARD_FINE},
	    {"913800001234", FORWARD_FINE},
	    {"8312", FORWARD_SELF},
	    {"8999", FORWARD_NOBODY},
	    {"13800001234", FORWARD_NOBODY},
	    {"9", FORWARD_NOBODY},
	    {"90014155550100", FORWARD_CLASS},
	    {"9110", FORWARD_EMERGENCY},
	    {"110", FORWARD_EMERGENCY},
	    {"", FORWARD_BAD_NUMBER},
	    {"08 00", FORWARD_BAD_NUMBER},
	    {"<b>", FORWARD_BAD_NUMBER},
	    {"91380000123412345678901234567890", FORWARD_BAD_NUMBER},
	};
	const struct measures m = forward_measures();

	(void)state;
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), 0);
	e[0].service_class = CLASS_CITY;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(measures_forward(&m, &d, &e[0], cases[i].number), cases[i].fault);
	assert_int_equal(measures_forward(&m, &d, NULL, "913800001234"), FORWARD_NOBODY);
	assert_int_equal(measures_forward(&m, &d, NULL, "8312"), FORWARD_FINE);
}

static const char *always(const struct directory_extension *x, void *arg)
{
	(void)arg;
	return x->forward_always;
}

static void forward_loops(void **state)
{
	const struct directory_extension *way[FORWARD_WAY];

	(void)state;
	assert_int_equal(directory_index(&d, mem, clash, sizeof(clash)), 0);
	assert_int_equal(measures_forward_loop(&d, &e[0], "0800", always, NULL, way), 0);
	TEXT_COPY(e[1].forward_always, "83121");
	TEXT_COPY(e[2].forward_always, "8312");
	assert_int_equal(measures_forward_loop(&d, &e[0], "0800", always, NULL, way), 4);
	assert_ptr_equal(way[0], &e[0]);
	assert_ptr_equal(way[1], &e[1]);
	assert_ptr_equal(way[2], &e[2]);
	assert_ptr_equal(way[3], &e[0]);
	/* one of others' own, and one that ends outside or at a department */
	TEXT_COPY(e[2].forward_always, "0800");
	assert_int_equal(measures_forward_loop(&d, &e[0], "0800", always, NULL, way), 0);
	TEXT_COPY(e[2].forward_always, "8310");
	assert_int_equal(measures_forward_loop(&d, &e[0], "0800", always, NULL, way), 0);
	assert_int_equal(measures_forward_loop(&d, &e[0], "913800001234", always, NULL, way), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(look_ups, setup), cmocka_unit_test_setup(longer_numbers, setup),
	    cmocka_unit_test_setup(clashes, setup),  cmocka_unit_test_setup(posts, setup),
	    cmocka_unit_test_setup(keypad, setup),   cmocka_unit_test_setup(many, setup),
	    cmocka_unit_test_setup(forwards, setup), cmocka_unit_test_setup(forward_loops, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
