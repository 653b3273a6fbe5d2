#include "sip/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define JOURNAL_MAGIC   UINT64_C(0x7a6f6e676a690001)
#define JOURNAL_HEADER  4096

struct header {
	uint64_t magic;
	uint32_t slot_size, capacity;
	uint8_t secret[JOURNAL_SECRET];
};

struct copy {
	uint64_t sum; /* 0: nothing; else of generation and dialog */
	uint64_t generation;
	struct dialog dialog;
};

struct slot {
	struct copy copy[2];
};

struct journal {
	struct header *header;
	struct slot *slots;
	size_t bytes;
	uint32_t capacity, count, first_free;
	uint32_t *next_free; /* JOURNAL_NONE ends the list; slots taken hold JOURNAL_NONE - 1 */
};

#define TAKEN (JOURNAL_NONE - 1)

_Static_assert(sizeof(struct dialog) % sizeof(uint64_t) == 0, "summed word by word");

/* Against torn copies, not against an adversary; by words, since it runs at each change. */
static uint64_t copy_sum(const struct copy *c)
{
	const unsigned char *p = (const unsigned char *)&c->dialog;
	uint64_t h = c->generation ^ UINT64_C(0x9e3779b97f4a7c15), w;

	for (size_t i = 0; i < sizeof(c->dialog); i += sizeof(w)) {
		memcpy(&w, p + i, sizeof(w));
		h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	return h ? h : 1;
}

static const struct copy *newest(const struct slot *s)
{
	const struct copy *best = NULL;

	for (unsigned i = 0; i < 2; i++) {
		const struct copy *c = &s->copy[i];

		if (!c->sum || (best && c->generation < best->generation))
			continue;
		if (c->sum == copy_sum(c))
			best = c;
	}
	return best;
}

static int map_file(const char *path, size_t bytes, void **mem, bool *fresh)
{
	struct stat st;
	int fd, err = 0;
	void *p;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st)) {
		err = errno;
		goto out;
	}
	*fresh = (size_t)st.st_size != bytes;
	if (*fresh && (ftruncate(fd, 0) || ftruncate(fd, (off_t)bytes))) {
		err = errno;
		goto out;
	}
	/* reserved now: a full disk later would be a SIGBUS in the middle of a call */
	err = posix_fallocate(fd, 0, (off_t)bytes);
	if (err)
		goto out;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err = errno;
	else
		*mem = p;
out:
	close(fd);
	return err;
}

static int map_memory(size_t bytes, void **mem)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	*mem = p;
	return 0;
}

/* A fresh file isn't looked at: its pages stay unused until calls need them. */
static void list_slots(struct journal *j, bool fresh)
{
	j->first_free = JOURNAL_NONE;
	for (uint32_t i = j->capacity; i-- > 0;) {
		if (!fresh && newest(&j->slots[i])) {
			j->next_free[i] = TAKEN;
			j->count++;
			continue;
		}
		j->next_free[i] = j->first_free;
		j->first_free = i;
	}
}

int journal_open(struct journal **jp, const char *path, uint32_t capacity,
		 const uint8_t fresh_secret[JOURNAL_SECRET])
{
	struct journal *j = calloc(1, sizeof(*j));
	struct header want = {JOURNAL_MAGIC, sizeof(struct slot), capacity, {0}};
	bool fresh = true, on_disk = path && path[0];
	void *mem = NULL;
	int err = ENOMEM;

	if (!j)
		return ENOMEM;
	j->capacity = capacity;
	j->bytes = JOURNAL_HEADER + (size_t)capacity * sizeof(struct slot);
	j->next_free = calloc(capacity ? capacity : 1, sizeof(*j->next_free));
	if (!j->next_free)
		goto out;
	err = on_disk ? map_file(path, j->bytes, &mem, &fresh) : map_memory(j->bytes, &mem);
	if (err)
		goto out;
	j->header = mem;
	j->slots = (struct slot *)((char *)mem + JOURNAL_HEADER);
	if (j->header->magic != want.magic || j->header->slot_size != want.slot_size ||
	    j->header->capacity != want.capacity) {
		if (!fresh)
			memset(mem, 0, j->bytes);
		memcpy(want.secret, fresh_secret, JOURNAL_SECRET);
		*j->header = want;
	}
	list_slots(j, fresh);
	if (!fresh) /* what was only looked at needn't stay in memory */
		(void)madvise(mem, j->bytes, MADV_DONTNEED);
	*jp = j;
out:
	if (err)
		journal_close(j);
	return err;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	if (j->header)
		munmap(j->header, j->bytes);
	free(j->next_free);
	free(j);
}

const uint8_t *journal_secret(const struct journal *j)
{
	return j->header->secret;
}

uint32_t journal_slot(struct journal *j)
{
	uint32_t i = j->first_free;

	if (i == JOURNAL_NONE)
		return JOURNAL_NONE;
	j->first_free = j->next_free[i];
	j->next_free[i] = TAKEN;
	j->count++;
	return i;
}

void journal_write(struct journal *j, uint32_t slot, const struct dialog *d)
{
	const struct copy *last;
	struct copy *c;
	struct slot *s;

	if (slot >= j->capacity)
		return;
	s = &j->slots[slot];
	/* no sums are checked here: what this process wrote is whole */
	last = s->copy[0].generation >= s->copy[1].generation ? &s->copy[0] : &s->copy[1];
	c = last == &s->copy[0] ? &s->copy[1] : &s->copy[0];
	c->sum = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->generation = last->generation + 1;
	c->dialog = *d;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	c->sum = copy_sum(c);
}

void journal_clear(struct journal *j, uint32_t slot)
{
	struct slot *s;
	unsigned older;

	if (slot >= j->capacity || j->next_free[slot] != TAKEN)
		return;
	s = &j->slots[slot];
	older = s->copy[0].generation <= s->copy[1].generation ? 0 : 1;
	s->copy[older].sum = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	s->copy[!older].sum = 0;
	j->next_free[slot] = j->first_free;
	j->first_free = slot;
	j->count--;
}

int journal_read(const struct journal *j, uint32_t slot, struct dialog *out)
{
	const struct copy *c = slot < j->capacity ? newest(&j->slots[slot]) : NULL;

	if (!c)
		return ENOENT;
	*out = c->dialog;
	return 0;
}

bool journal_found(const struct journal *j, uint32_t *next, uint32_t *slot, struct dialog *out)
{
	for (; *next < j->capacity; (*next)++) {
		if (journal_read(j, *next, out))
			continue;
		*slot = (*next)++;
		return true;
	}
	return false;
}

uint32_t journal_count(const struct journal *j)
{
	return j->count;
}
