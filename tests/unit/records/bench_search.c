/*
 * How long questions take over a database that make_calls has filled: `bench_search sqlite PATH
 * [QUESTIONS]`, or `postgres CONNINFO`. Each kind of question is asked with values of its own each
 * time; median, p99 and longest are printed, and of the month's figures the longest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "made.h"
#include "records/figures.h"
#include "world.h"

#define ASKED_MAX 1000
#define MONTH_MS  (INT64_C(30) * 24 * 3600000)

static uint64_t seed = 11;
static struct records_db *db;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static unsigned below(unsigned n)
{
	return (unsigned)(made_random(&seed) % n);
}

struct asked {
	struct records_call_filter f;
	char number[RECORDS_NUMBER], name[RECORDS_NAME];
};

static void a_caller(struct asked *a)
{
	made_caller(below(MADE_CALLERS), a->number, a->name);
}

static void newest(struct asked *a)
{
}

static void name_middle(struct asked *a)
{
	made_person(1 + below(MADE_PEOPLE), a->name);
	a->f.text = a->name + (strlen(a->name) > 6 ? 3 : 0);
}

static void two_characters(struct asked *a)
{
	static const char *const parts[] = {"先生", "建工", "三丰", "青禾", "生 ", "岫律", "王志"};

	a->f.text = parts[below(7)];
}

static void one_character(struct asked *a)
{
	static const char *const parts[] = {"王", "丰", "岫", "8", "欧"};

	a->f.text = parts[below(5)];
}

static void number_middle(struct asked *a)
{
	a_caller(a);
	a->number[3 + 4 + below(3)] = '\0';
	a->f.text = a->number + 3;
}

static void two_digits(struct asked *a)
{
	snprintf(a->name, sizeof(a->name), "%02u", below(100));
	a->f.text = a->name;
}

static void last_four(struct asked *a)
{
	a_caller(a);
	a->f.last_digits = a->number + strlen(a->number) - 4;
}

static void whole_number(struct asked *a)
{
	a_caller(a);
	a->f.number = a->number;
}

static void absent(struct asked *a)
{
	a->f.text = below(2) ? "没有此人" : "98769876";
}

static void by_mark(struct asked *a)
{
	a->f.marks = 1u << below(20);
}

static void by_clause(struct asked *a)
{
	static const char *const names[] = {"A4.1.1", "A4.1.2", "A4.1.3",
					    "A4.1.6", "A3.10",	"A5.7"};

	a->f.clause = names[below(6)];
}

static void by_outcome(struct asked *a)
{
	a->f.outcome = records_outcome_name((enum records_outcome)below(RECORDS_OUTCOME_COUNT));
	a->f.direction = records_direction_name((enum records_direction)below(3));
}

static void by_person(struct asked *a)
{
	a->f.target_person = 1 + below(MADE_PEOPLE);
}

static void narrow(struct asked *a)
{
	a->f.text = below(2) ? "8000" : "13";
	a->f.marks = RECORDS_MARK_COMPLAINT | RECORDS_MARK_LONG;
	a->f.operator_person = 1 + below(MADE_OPERATORS);
}

/* Many fit the text, none the rest: the whole of it is looked through. */
static void worst(struct asked *a)
{
	a->f.text = "8000";
	a->f.direction = "outgoing";
}

static const struct {
	const char *name;
	void (*fill)(struct asked *a);
} kinds[] = {
    {"the newest", newest},
    {"a name from its second character", name_middle},
    {"two characters of a name", two_characters},
    {"one character", one_character},
    {"four to six digits from the middle", number_middle},
    {"two digits", two_digits},
    {"last four digits", last_four},
    {"a whole number", whole_number},
    {"what there isn't", absent},
    {"what it counts in", by_mark},
    {"a clause", by_clause},
    {"outcome and direction", by_outcome},
    {"a person", by_person},
    {"text, two marks and an operator", narrow},
    {"a text that fits many, a filter none", worst},
};

static int counted(const struct records_call_row *row, void *arg)
{
	(*(unsigned *)arg)++;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double all_ms[ASKED_MAX * 16];
static unsigned all_count;

static int ask(unsigned kind, unsigned times)
{
	static double ms[ASKED_MAX];
	uint64_t rows = 0;

	for (unsigned i = 0; i < times; i++) {
		struct asked a = {.f = {.org = 1, .limit = 50}};
		unsigned n = 0;
		double from;
		int err;

		kinds[kind].fill(&a);
		if (below(2)) { /* half of them within a month */
			a.f.from_ms = MADE_END_MS - (1 + below(12)) * MONTH_MS;
			a.f.to_ms = a.f.from_ms + MONTH_MS;
		}
		from = now_ms();
		err = records_calls(db, &a.f, counted, &n);
		ms[i] = now_ms() - from;
		if (err) {
			fprintf(stderr, "%s: %s (%s)\n", kinds[kind].name, strerror(err),
				records_db_error(db));
			return err;
		}
		rows += n;
		all_ms[all_count++] = ms[i];
	}
	qsort(ms, times, sizeof(ms[0]), ascending);
	printf("%-38s %8.1f %8.1f %8.1f   %.1f\n", kinds[kind].name, ms[times / 2],
	       ms[(times * 99 + 99) / 100 - 1], ms[times - 1], (double)rows / times);
	return 0;
}

static int hours(const struct records_figures_row *row, void *arg)
{
	*(int64_t *)arg += row->v[RECORDS_FIGURE_calls];
	return 0;
}

static void figures(unsigned kind, const char *name, int64_t span_ms)
{
	struct records_figures_filter f = {
	    .org = 1, .from_ms = MADE_END_MS - span_ms, .to_ms = MADE_END_MS, .kind = kind};
	double longest = 0;
	int64_t calls = 0;

	for (unsigned i = 0; i < 5; i++) {
		double from = now_ms();

		calls = 0;
		if (records_figures(db, &f, hours, &calls))
			return;
		longest = now_ms() - from > longest ? now_ms() - from : longest;
	}
	printf("%-38s %26.1f   %lld calls\n", name, longest, (long long)calls);
}

int main(int argc, char **argv)
{
	struct store_options o = {.query_ms = RECORDS_QUERY_MS}; /* as workers ask */
	unsigned times = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 100;
	char why[STORE_WHY] = "";
	int err;

	if (argc < 3 || times == 0 || times > ASKED_MAX)
		return 2;
	o.engine = strcmp(argv[1], "sqlite") == 0 ? STORE_SQLITE : STORE_POSTGRES;
	o.where = argv[2];
	err = records_db_open(&db, &o, why, sizeof(why));
	if (err) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	printf("%-38s %8s %8s %8s   rows\n", "ms", "median", "p99", "longest");
	for (unsigned k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && !err; k++)
		err = ask(k, times);
	qsort(all_ms, all_count, sizeof(all_ms[0]), ascending);
	if (!err)
		printf("%-38s %8.1f %8.1f %8.1f\n", "all together", all_ms[all_count / 2],
		       all_ms[(all_count * 99 + 99) / 100 - 1], all_ms[all_count - 1]);
	figures(RECORDS_FIGURES_ALL, "a month's figures, all calls", MONTH_MS);
	figures(RECORDS_FIGURES_DEPARTMENT, "a month's figures by department", MONTH_MS);
	figures(RECORDS_FIGURES_ALL, "13 months' figures, all calls", 13 * MONTH_MS);
	figures(RECORDS_FIGURES_DEPARTMENT, "13 months' figures by department", 13 * MONTH_MS);
	records_db_close(db);
	return err != 0;
}
