/* The heap behind tmr_*: order, cancellation, cost; and that libre itself runs on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dlfcn.h>
#include <re.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sip/tmr_heap.h"

#define MANY 64000

static uint64_t now_ms;
static struct tmr timers[MANY];
static uint64_t fired[MANY];
static unsigned fired_count;

static uint64_t test_clock(void)
{
	return now_ms;
}

static void fire(void *arg)
{
	struct tmr *t = arg;

	assert_false(tmr_isrunning(t));
	assert_true(t->jfs <= now_ms);
	fired[fired_count++] = (uint64_t)(t - timers);
}

static int setup(void **state)
{
	(void)state;
	now_ms = 1000;
	fired_count = 0;
	memset(timers, 0, sizeof(timers));
	tmr_heap_clock_set(test_clock);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmr_heap_release();
	tmr_heap_clock_set(NULL);
	return 0;
}

static void test_order(void **state)
{
	static const uint64_t delay[] = {30, 10, 20, 10, 0, 10};
	(void)state;

	for (unsigned i = 0; i < ARRAY_SIZE(delay); i++)
		tmr_start(&timers[i], delay[i], fire, &timers[i]);
	assert_int_equal(tmr_next_timeout(NULL), 1);
	assert_int_equal(tmr_get_expire(&timers[0]), 30);
	now_ms += 10;
	tmr_poll(NULL);
	/* 4 first, then those of 10 ms in the order in which they were started */
	assert_int_equal(fired_count, 4);
	assert_int_equal(fired[0], 4);
	assert_int_equal(fired[1], 1);
	assert_int_equal(fired[2], 3);
	assert_int_equal(fired[3], 5);
	assert_int_equal(tmr_next_timeout(NULL), 10);
	tmr_cancel(&timers[2]);
	assert_int_equal(tmr_next_timeout(NULL), 20);
	tmr_start(&timers[0], 5, fire, &timers[0]);
	assert_int_equal(tmr_next_timeout(NULL), 5);
	now_ms += 100;
	tmr_poll(NULL);
	assert_int_equal(fired_count, 5);
	assert_int_equal(tmr_next_timeout(NULL), 0);
}

static void test_against_simple_model(void **state)
{
	static uint64_t due[512]; /* 0 = not running */
	unsigned seed = 7;
	(void)state;

	memset(due, 0, sizeof(due));
	for (int round = 0; round < 20000; round++) {
		unsigned i = (unsigned)rand_r(&seed) % ARRAY_SIZE(due);
		unsigned running = 0, before = fired_count = 0;

		if (rand_r(&seed) % 3) {
			uint64_t d = (uint64_t)rand_r(&seed) % 1000;

			tmr_start(&timers[i], d, fire, &timers[i]);
			due[i] = now_ms + d;
		} else {
			tmr_cancel(&timers[i]);
			due[i] = 0;
		}
		now_ms += (uint64_t)rand_r(&seed) % 4;
		tmr_poll(NULL);
		for (unsigned k = 0; k < ARRAY_SIZE(due); k++) {
			if (due[k] && due[k] <= now_ms) {
				due[k] = 0;
				before++;
			}
			running += due[k] != 0;
			assert_int_equal(tmr_isrunning(&timers[k]), due[k] != 0);
		}
		assert_int_equal(fired_count, before);
		assert_int_equal(tmr_heap_count(), running);
	}
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Start, restart and cancel with 64,000 running: under a microsecond each. */
static void test_cost(void **state)
{
	double start, us;
	unsigned seed = 1;
	(void)state;

	tmr_heap_clock_set(NULL);
	start = seconds();
	for (unsigned i = 0; i < MANY; i++)
		tmr_start(&timers[i], 1000 + (uint64_t)rand_r(&seed) % 32000, fire, &timers[i]);
	us = (seconds() - start) * 1e6 / MANY;
	printf("start with up to %u running: %.3f us\n", MANY, us);
	start = seconds();
	for (unsigned i = 0; i < MANY; i++)
		tmr_start(&timers[i], 1000 + (uint64_t)rand_r(&seed) % 32000, fire, &timers[i]);
	us += (seconds() - start) * 1e6 / MANY;
	printf("start and start again: %.3f us\n", us);
	assert_int_equal(tmr_heap_count(), MANY);
	start = seconds();
	for (unsigned i = 0; i < MANY; i++)
		tmr_cancel(&timers[i]);
	printf("cancel: %.3f us\n", (seconds() - start) * 1e6 / MANY);
	assert_int_equal(tmr_heap_count(), 0);
#if !defined(__SANITIZE_ADDRESS__)
	assert_true(us / 2 < 1.0);
#endif
}

/* A timer that libre starts for itself has to be seen here. */
static void test_libre_uses_it(void **state)
{
	struct sa a;
	struct sip *sip = NULL;
	struct sip_request *req = NULL;
	(void)state;

	tmr_heap_clock_set(NULL);
	assert_ptr_equal(dlsym(RTLD_DEFAULT, "tmr_start"), (void *)tmr_start);
	assert_int_equal(libre_init(), 0);
	assert_int_equal(sa_set_str(&a, "127.0.0.1", 0), 0);
	assert_int_equal(sip_alloc(&sip, NULL, 16, 16, 16, "t", NULL, NULL), 0);
	assert_int_equal(sip_transp_add(sip, SIP_TRANSP_UDP, &a), 0);
	assert_int_equal(tmr_heap_count(), 0);
	assert_int_equal(sip_requestf(&req, sip, true, "OPTIONS", "sip:127.0.0.1:9", NULL, NULL,
				      NULL, NULL, NULL,
				      "From: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\n"
				      "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"),
			 0);
	assert_int_equal(tmr_heap_count(), 2); /* timers E and F */
	sip_close(sip, true);
	mem_deref(sip);
	assert_int_equal(tmr_heap_count(), 0);
	libre_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_against_simple_model, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_cost, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_libre_uses_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("sip timers", tests, NULL, NULL);
}
