/*
 * Bindings: which contacts an extension has (RFC 3261, 10), in a mapped file of fixed slots, so
 * that they survive a kill -9 at any moment.
 *
 * A slot has a cold part, which a checksum covers and which is never changed while the slot is
 * live, and a hot part (expiry, CSeq) of single aligned stores. A contact whose cold part changes
 * gets a new slot, and the old one is freed after it. So at any moment each slot is whole or not
 * live.
 *
 * The rows in memory beside the slots hold what is looked at often: a refresh touches one slot.
 * Expiry is wall time in the file and monotonic time in the rows: a jump of the clock moves
 * nothing.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "sip/priv.h"

#define FILE_MAGIC   UINT64_C(0x31304e49425a4a31) /* "1JZBIN01" */
#define SWEEP_MS     1000
#define NO_ROW	     UINT32_MAX
#define CAPACITY_MAX (1u << 22)
/* Sweeps between two pings of one binding: see nat_ping.c. */
#define PING_NAT    25
#define PING_STREAM 120

struct cold {
	uint64_t call_id; /* hash: which phone session made it */
	uint32_t extension, reg_id;
	struct {
		char ip[46];
		uint16_t port;
	} source, hop, report;
	uint8_t source_tp, hop_tp, nat, path_set;
	char iface[SIP_LABEL];
	char user[SIP_USER], instance[64], agent[48];
	char uri[SIP_URI], path[SIP_URI];
};

struct slot {
	_Atomic uint32_t live;
	_Atomic uint32_t cseq;
	_Atomic int64_t expires_wall_ms;
	uint64_t checksum;
	struct cold cold;
};

struct file_head {
	uint64_t magic;
	uint32_t slot_size, capacity;
	uint8_t pad[48];
};

struct row {
	uint32_t extension; /* 0 = free */
	uint32_t next;	    /* of the same bucket, or of the free list */
	int64_t expires_ms; /* monotonic */
	uint64_t order;	    /* of the last refresh */
	uint8_t iface;
	uint8_t ping; /* every so many sweeps, 0 never */
};

struct sip_bindings {
	struct file_head *head;
	struct slot *slots;
	size_t mapped;
	int fd; /* holds the lock; -1 in memory */
	struct row *rows;
	uint32_t *buckets;
	uint32_t bucket_mask, capacity, count, extensions, free;
	uint64_t order;
	uint32_t sweeps;
	struct tmr sweep;
};

/* ---- Rows ---- */

static uint32_t *bucket(struct sip_bindings *b, uint32_t extension)
{
	return &b->buckets[hash_mix(extension) & b->bucket_mask];
}

/* The next row of the extension at or after `i`. */
static uint32_t row_seek(const struct sip_bindings *b, uint32_t extension, uint32_t i)
{
	while (i != NO_ROW && b->rows[i].extension != extension)
		i = b->rows[i].next;
	return i;
}

static uint32_t row_first(struct sip_bindings *b, uint32_t extension)
{
	return extension ? row_seek(b, extension, *bucket(b, extension)) : NO_ROW;
}

static uint32_t row_next(const struct sip_bindings *b, uint32_t i)
{
	return row_seek(b, b->rows[i].extension, b->rows[i].next);
}

static bool row_alive(const struct sip_bindings *b, uint32_t i, int64_t now)
{
	return b->rows[i].expires_ms > now;
}

static void row_link(struct sip_bindings *b, uint32_t i, uint32_t extension)
{
	uint32_t *head = bucket(b, extension);

	if (row_first(b, extension) == NO_ROW)
		b->extensions++;
	b->rows[i].extension = extension;
	b->rows[i].next = *head;
	*head = i;
	b->count++;
}

static void row_unlink(struct sip_bindings *b, uint32_t i)
{
	uint32_t extension = b->rows[i].extension;
	uint32_t *p = bucket(b, extension);

	while (*p != i)
		p = &b->rows[*p].next;
	*p = b->rows[i].next;
	b->rows[i] = (struct row){.next = b->free};
	b->free = i;
	b->count--;
	if (row_first(b, extension) == NO_ROW)
		b->extensions--;
}

/* ---- Slots ---- */

static void slot_free(struct sip_bindings *b, uint32_t i)
{
	atomic_store_explicit(&b->slots[i].live, 0, memory_order_release);
	row_unlink(b, i);
}

static void slot_write(struct slot *s, const struct cold *cold, uint32_t cseq, int64_t wall_ms)
{
	s->cold = *cold;
	s->checksum = hash_bytes(cold, sizeof(*cold));
	atomic_store_explicit(&s->cseq, cseq, memory_order_relaxed);
	atomic_store_explicit(&s->expires_wall_ms, wall_ms, memory_order_relaxed);
	atomic_store_explicit(&s->live, 1, memory_order_release);
}

static void address_out(char *ip, size_t cap, uint16_t *port, const struct sa *sa)
{
	memset(ip, 0, cap);
	if (sa_isset(sa, SA_ADDR))
		(void)sa_ntop(sa, ip, (int)cap);
	*port = sa_port(sa);
}

static void cold_from(struct sip_room *r, uint32_t extension, const struct sip_contact_in *c,
		      struct cold *out)
{
	struct cold k;

	memset(&k, 0, sizeof(k));
	k.extension = extension;
	k.call_id = c->call_id;
	k.reg_id = c->reg_id;
	k.nat = c->nat;
	k.source_tp = (uint8_t)c->source.tp;
	k.hop_tp = (uint8_t)c->hop.tp;
	k.path_set = c->path[0] != '\0';
	address_out(k.source.ip, sizeof(k.source.ip), &k.source.port, &c->source.addr);
	address_out(k.hop.ip, sizeof(k.hop.ip), &k.hop.port, &c->hop.addr);
	TEXT_COPY(k.report.ip, c->report_ip);
	k.report.port = c->report_port;
	TEXT_COPY(k.iface, r->iface[c->iface]->config.name);
	TEXT_COPY(k.user, c->user);
	TEXT_COPY(k.instance, c->instance);
	TEXT_COPY(k.agent, c->agent);
	TEXT_COPY(k.uri, c->uri);
	TEXT_COPY(k.path, c->path);
	*out = k;
}

/* ---- The sweep ---- */

static void binding_from(const struct cold *k, uint8_t iface, struct sip_binding *out)
{
	*out = (struct sip_binding){.iface = iface, .nat = k->nat};
	(void)sa_set_str(&out->hop.addr, k->hop.ip, k->hop.port);
	out->hop.tp = (enum sip_transp)k->hop_tp;
	TEXT_COPY(out->uri, k->uri);
	TEXT_COPY(out->routes, k->path);
}

static void report(struct sip_room *r, uint32_t extension, bool on)
{
	log_info("sip", "extension %u: %s", extension, on ? "registered" : "no binding any more");
	if (r->h.reachable)
		r->h.reachable(extension, on, r->h.arg);
}

static uint8_t ping_of(const struct cold *k)
{
	if (k->path_set)
		return 0; /* the proxy's */
	if (k->hop_tp != SIP_TRANSP_UDP)
		return PING_STREAM;
	return k->nat ? PING_NAT : 0;
}

static void ping(struct sip_room *r, uint32_t i)
{
	struct sip_binding binding;

	binding_from(&r->bindings->slots[i].cold, r->bindings->rows[i].iface, &binding);
	sip_nat_ping(r, &binding);
}

static void sweep(void *arg)
{
	struct sip_room *r = arg;
	struct sip_bindings *b = r->bindings;
	int64_t now = clock_mono_ms();

	tmr_start(&b->sweep, SWEEP_MS, sweep, r);
	b->sweeps++;
	for (uint32_t i = 0; i < b->capacity; i++) {
		uint32_t extension = b->rows[i].extension;

		if (!extension)
			continue;
		if (b->rows[i].expires_ms > now) {
			if (b->rows[i].ping && !((b->sweeps + i) % b->rows[i].ping))
				ping(r, i);
			continue;
		}
		slot_free(b, i);
		if (row_first(b, extension) == NO_ROW)
			report(r, extension, false);
	}
}

/* ---- The file ---- */

static int map_file(struct sip_bindings *b, const char *path, uint32_t capacity)
{
	struct file_head head = {0};
	struct stat st;
	void *p;
	int fd, err = 0;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	/* Two servers on one file would tear it. */
	if (flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &st)) {
		err = errno;
		goto out;
	}
	if (st.st_size >= (off_t)sizeof(head) &&
	    pread(fd, &head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    head.magic == FILE_MAGIC && head.slot_size == sizeof(struct slot) &&
	    head.capacity <= CAPACITY_MAX) {
		capacity = MAX(capacity, head.capacity);
	} else if (st.st_size) {
		log_warn("sip", "bindings: %s is of another format and begun anew", path);
		if (ftruncate(fd, 0))
			err = errno;
	}
	b->mapped = sizeof(head) + (size_t)capacity * sizeof(struct slot);
	/* Allocated, so that a full disk is met here and not as SIGBUS under a call. */
	if (!err)
		err = posix_fallocate(fd, 0, (off_t)b->mapped);
	if (err)
		goto out;
	p = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		err = errno;
		goto out;
	}
	b->head = p;
	b->fd = fd;
	b->capacity = capacity;
	*b->head = (struct file_head){
	    .magic = FILE_MAGIC, .slot_size = sizeof(struct slot), .capacity = capacity};
out:
	if (err)
		close(fd);
	return err;
}

static int map_memory(struct sip_bindings *b, uint32_t capacity)
{
	void *p;

	b->mapped = sizeof(*b->head) + (size_t)capacity * sizeof(struct slot);
	p = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return errno;
	b->head = p;
	b->capacity = capacity;
	return 0;
}

/* Text of a file that somebody may have written to: every string ends. */
static bool cold_sound(const struct cold *k)
{
	return k->extension && memchr(k->iface, 0, sizeof(k->iface)) &&
	       memchr(k->user, 0, sizeof(k->user)) && memchr(k->uri, 0, sizeof(k->uri)) &&
	       memchr(k->path, 0, sizeof(k->path)) && memchr(k->agent, 0, sizeof(k->agent)) &&
	       memchr(k->instance, 0, sizeof(k->instance)) &&
	       memchr(k->source.ip, 0, sizeof(k->source.ip)) &&
	       memchr(k->hop.ip, 0, sizeof(k->hop.ip)) &&
	       memchr(k->report.ip, 0, sizeof(k->report.ip));
}

static void load_slot(struct sip_room *r, uint32_t i, int64_t mono_ms, int64_t wall_ms)
{
	struct sip_bindings *b = r->bindings;
	struct slot *s = &b->slots[i];
	struct sip_iface *f;
	bool first;

	b->rows[i] = (struct row){.next = b->free};
	if (atomic_load(&s->live) == 1 && s->expires_wall_ms > wall_ms &&
	    s->checksum == hash_bytes(&s->cold, sizeof(s->cold)) && cold_sound(&s->cold)) {
		f = sip_iface_named(r, s->cold.iface);
		if (f) {
			first = row_first(b, s->cold.extension) == NO_ROW;
			row_link(b, i, s->cold.extension);
			b->rows[i].iface = f->index;
			b->rows[i].ping = ping_of(&s->cold);
			b->rows[i].order = ++b->order;
			b->rows[i].expires_ms =
			    mono_ms + MIN(s->expires_wall_ms - wall_ms,
					  (int64_t)r->config.expires_max_s * 1000);
			if (first)
				report(r, s->cold.extension, true);
			return;
		}
	}
	atomic_store(&s->live, 0);
	b->free = i;
}

static void destructor(void *data)
{
	struct sip_bindings *b = data;

	tmr_cancel(&b->sweep);
	if (b->head)
		munmap(b->head, b->mapped);
	if (b->fd >= 0)
		close(b->fd);
	mem_deref(b->rows);
	mem_deref(b->buckets);
}

int sip_bindings_open(struct sip_room *r)
{
	int64_t mono_ms = clock_mono_ms(), wall_ms = clock_wall_ms();
	uint32_t capacity = MIN(r->config.bindings_capacity, CAPACITY_MAX), size = 16;
	struct sip_bindings *b;
	int err;

	b = mem_zalloc(sizeof(*b), destructor);
	if (!b)
		return ENOMEM;
	b->fd = -1;
	err = r->config.bindings_file[0] ? map_file(b, r->config.bindings_file, capacity)
					 : map_memory(b, capacity);
	if (err) {
		log_error("sip", "bindings: %s: %s", r->config.bindings_file, strerror(err));
		mem_deref(b);
		return err == ENOMEM ? ENOMEM : EIO;
	}
	while (size < b->capacity)
		size *= 2;
	b->slots = (struct slot *)(b->head + 1);
	b->rows = mem_zalloc(b->capacity * sizeof(*b->rows), NULL);
	b->buckets = mem_alloc(size * sizeof(*b->buckets), NULL);
	if (!b->rows || !b->buckets) {
		mem_deref(b);
		return ENOMEM;
	}
	b->bucket_mask = size - 1;
	memset(b->buckets, 0xff, size * sizeof(*b->buckets));
	b->free = NO_ROW;
	r->bindings = b;
	for (uint32_t i = b->capacity; i-- > 0;)
		load_slot(r, i, mono_ms, wall_ms);
	if (b->count)
		log_info("sip", "bindings: %u found again", b->count);
	tmr_start(&b->sweep, SWEEP_MS, sweep, r);
	return 0;
}

void sip_bindings_close(struct sip_room *r)
{
	r->bindings = mem_deref(r->bindings);
}

/* ---- Changing ---- */

static bool same_uri(const char *a, const char *b)
{
	struct uri x, y;
	struct pl px, py;
	struct pl tx = PL("udp"), ty = PL("udp");

	if (text_eq(a, b))
		return true;
	pl_set_str(&px, a);
	pl_set_str(&py, b);
	if (uri_decode(&x, &px) || uri_decode(&y, &py))
		return false;
	(void)msg_param_decode(&x.params, "transport", &tx);
	(void)msg_param_decode(&y.params, "transport", &ty);
	return !pl_cmp(&x.user, &y.user) && !pl_casecmp(&x.host, &y.host) && x.port == y.port &&
	       !pl_casecmp(&x.scheme, &y.scheme) && !pl_casecmp(&tx, &ty);
}

/* The row that this contact takes the place of: the same phone by its instance (RFC 5626), the same
 * URI, or, of a phone without an instance, the same Call-ID after its address has changed. */
static uint32_t find_same(struct sip_bindings *b, uint32_t extension,
			  const struct sip_contact_in *c)
{
	uint32_t by_call = NO_ROW;

	for (uint32_t i = row_first(b, extension); i != NO_ROW; i = row_next(b, i)) {
		const struct cold *k = &b->slots[i].cold;

		if (c->instance[0] && k->instance[0]) {
			if (text_eq(c->instance, k->instance) && c->reg_id == k->reg_id)
				return i;
			continue;
		}
		if (same_uri(c->uri, k->uri))
			return i;
		if (!c->instance[0] && !k->instance[0] && c->call_id == k->call_id)
			by_call = i;
	}
	return by_call;
}

int sip_binding_check(struct sip_room *r, uint32_t extension, const struct sip_contact_in *c)
{
	struct sip_bindings *b = r->bindings;
	uint32_t i = find_same(b, extension, c);

	if (i == NO_ROW || b->slots[i].cold.call_id != c->call_id)
		return 0;
	return c->cseq < b->slots[i].cseq ? EALREADY : 0;
}

static uint32_t count_of(struct sip_bindings *b, uint32_t extension, uint32_t *oldest)
{
	uint32_t n = 0;

	*oldest = NO_ROW;
	for (uint32_t i = row_first(b, extension); i != NO_ROW; i = row_next(b, i)) {
		n++;
		if (*oldest == NO_ROW || b->rows[i].order < b->rows[*oldest].order)
			*oldest = i;
	}
	return n;
}

static int put_new(struct sip_room *r, const struct cold *cold, const struct sip_contact_in *c,
		   uint32_t *at)
{
	struct sip_bindings *b = r->bindings;
	uint32_t i = b->free;

	if (i == NO_ROW) {
		log_error("sip", "bindings: all %u slots are taken", b->capacity);
		return ENOBUFS;
	}
	b->free = b->rows[i].next;
	slot_write(&b->slots[i], cold, c->cseq, clock_wall_ms() + (int64_t)c->expires_s * 1000);
	row_link(b, i, cold->extension);
	b->rows[i].iface = c->iface;
	b->rows[i].ping = ping_of(cold);
	*at = i;
	return 0;
}

int sip_binding_put(struct sip_room *r, uint32_t extension, const struct sip_contact_in *c)
{
	struct sip_bindings *b = r->bindings;
	uint32_t old = find_same(b, extension, c), i = old, oldest;
	bool first = row_first(b, extension) == NO_ROW;
	struct cold cold;
	int err;

	if (!c->expires_s) {
		if (old != NO_ROW)
			slot_free(b, old);
		if (!first && row_first(b, extension) == NO_ROW)
			report(r, extension, false);
		return 0;
	}
	cold_from(r, extension, c, &cold);
	if (old == NO_ROW && count_of(b, extension, &oldest) >= r->config.contacts_max) {
		log_info("sip", "bindings: user %s has more than %u contacts, the oldest goes",
			 c->user, r->config.contacts_max);
		slot_free(b, oldest);
	}
	if (old != NO_ROW && !memcmp(&cold, &b->slots[old].cold, sizeof(cold))) {
		atomic_store(&b->slots[old].cseq, c->cseq);
		atomic_store(&b->slots[old].expires_wall_ms,
			     clock_wall_ms() + (int64_t)c->expires_s * 1000);
	} else {
		err = put_new(r, &cold, c, &i);
		if (err)
			return err;
		if (old != NO_ROW)
			slot_free(b, old);
	}
	b->rows[i].expires_ms = clock_mono_ms() + (int64_t)c->expires_s * 1000;
	b->rows[i].order = ++b->order;
	if (first)
		report(r, extension, true);
	return 0;
}

void sip_binding_clear(struct sip_room *r, uint32_t extension)
{
	struct sip_bindings *b = r->bindings;
	uint32_t i = row_first(b, extension);

	if (i == NO_ROW)
		return;
	for (; i != NO_ROW; i = row_first(b, extension))
		slot_free(b, i);
	report(r, extension, false);
}

/* From outside the room's handlers may not be called: the sweep finds them expired at once. */
void sip_room_forget(struct sip_room *r, uint32_t extension)
{
	struct sip_bindings *b = r->bindings;

	for (uint32_t i = row_first(b, extension); i != NO_ROW; i = row_next(b, i)) {
		b->rows[i].expires_ms = 0;
		atomic_store(&b->slots[i].live, 0);
	}
	tmr_start(&b->sweep, 0, sweep, r);
}

/* ---- Reading ---- */

unsigned sip_bindings_of(struct sip_room *r, uint32_t extension, struct sip_binding *out,
			 unsigned max)
{
	struct sip_bindings *b = r->bindings;
	uint64_t order[SIP_BINDINGS_MAX];
	uint32_t row[SIP_BINDINGS_MAX];
	int64_t now = clock_mono_ms();
	unsigned n = 0;

	for (uint32_t i = row_first(b, extension); i != NO_ROW; i = row_next(b, i)) {
		unsigned at = n;

		if (!row_alive(b, i, now) || n >= SIP_BINDINGS_MAX)
			continue;
		for (; at > 0 && order[at - 1] < b->rows[i].order; at--) {
			order[at] = order[at - 1];
			row[at] = row[at - 1];
		}
		order[at] = b->rows[i].order;
		row[at] = i;
		n++;
	}
	n = MIN(n, max);
	for (unsigned i = 0; i < n; i++)
		binding_from(&b->slots[row[i]].cold, b->rows[row[i]].iface, &out[i]);
	return n;
}

bool sip_room_reachable(const struct sip_room *r, uint32_t extension)
{
	int64_t now = clock_mono_ms();

	for (uint32_t i = row_first(r->bindings, extension); i != NO_ROW;
	     i = row_next(r->bindings, i))
		if (row_alive(r->bindings, i, now))
			return true;
	return false;
}

static void registration_from(const struct sip_bindings *b, uint32_t i,
			      struct sip_registration *out)
{
	const struct cold *k = &b->slots[i].cold;
	enum sip_transport t = sip_transp_over((enum sip_transp)k->source_tp);

	*out = (struct sip_registration){
	    .extension = k->extension,
	    .source_port = k->report.port,
	    .transport = t == SIP_OVER_COUNT ? SIP_OVER_UDP : t,
	    .interface = b->rows[i].iface,
	    .nat = k->nat,
	    .expires_wall_ms = b->slots[i].expires_wall_ms,
	};
	TEXT_COPY(out->user, k->user);
	TEXT_COPY(out->contact, k->uri);
	TEXT_COPY(out->user_agent, k->agent);
	TEXT_COPY(out->source_ip, k->report.ip);
}

unsigned sip_room_registrations(const struct sip_room *r, uint32_t extension,
				struct sip_registration *out, unsigned max)
{
	const struct sip_bindings *b = r->bindings;
	int64_t now = clock_mono_ms();
	unsigned n = 0;

	if (extension) {
		for (uint32_t i = row_first(r->bindings, extension); i != NO_ROW;
		     i = row_next(b, i)) {
			if (!row_alive(b, i, now))
				continue;
			if (n < max)
				registration_from(b, i, &out[n]);
			n++;
		}
		return n;
	}
	for (uint32_t i = 0; i < b->capacity; i++) {
		if (!b->rows[i].extension || !row_alive(b, i, now))
			continue;
		if (n < max)
			registration_from(b, i, &out[n]);
		n++;
	}
	return n;
}

int sip_bindings_print(struct mbuf *mb, struct sip_room *r, uint32_t extension)
{
	struct sip_bindings *b = r->bindings;
	int64_t now = clock_mono_ms();
	int err = 0;

	for (uint32_t i = row_first(b, extension); i != NO_ROW; i = row_next(b, i)) {
		const struct cold *k = &b->slots[i].cold;

		if (!row_alive(b, i, now))
			continue;
		err |= mbuf_printf(mb, "Contact: <%s>;expires=%u", k->uri,
				   (unsigned)((b->rows[i].expires_ms - now + 999) / 1000));
		if (k->instance[0])
			err |= mbuf_printf(mb, ";+sip.instance=\"%s\"", k->instance);
		if (k->reg_id)
			err |= mbuf_printf(mb, ";reg-id=%u", k->reg_id);
		err |= mbuf_write_str(mb, "\r\n");
	}
	return err;
}

void sip_bindings_stats(const struct sip_room *r, struct sip_room_stats *s)
{
	s->bindings = r->bindings->count;
	s->bindings_capacity = r->bindings->capacity;
	s->extensions_reachable = r->bindings->extensions;
}
