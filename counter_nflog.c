/*
 * Copyright (c) 2026 The bpfstatsd developers
 *
 * Permission to use, copy, modify, and distribute this software for any
 * purpose with or without fee is hereby granted, provided that the above
 * copyright notice and this permission notice appear in all copies.
 *
 * THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES
 * WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF
 * MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
 * ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES
 * WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
 * ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 * OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.
 */

/*
 * Counting on Linux, where there is no pflog(4): packets that a firewall rule
 * logs to a group of nfnetlink_log, as the pseudo-interface nflog:GROUP.
 * The kernel numbers them, sends the numbers in batches and no packet; the
 * last number is the count, whatever was lost on the way.
 */

#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "counter_linux.h"

#define PREFIX		"nflog:"
#define NO_FAMILY	255
#define BATCH_BYTES	65536		/* of a batch in the kernel */
#define BATCH_PACKETS	1000
#define BATCH_TIME	20		/* 1/100 s */
#define MAX_BATCHES	64		/* read in one go */

/* A configuration request, in the making. */
struct request {
	struct nlmsghdr		 header;
	struct nfgenmsg		 family;
	char			 attributes[128];
};

static int	nflog_attach(struct counter *, int);
static int	bind_group(int, int);
static void	nflog_detach(struct counter *);
static int	nflog_attached(const struct counter *);
static void	nflog_sample(struct counter *, int64_t);
static int	nflog_drain(struct counter *);
static int	nflog_limit(struct counter *);
static void	nflog_tune(struct counter *);
static int	wants_each(const struct counter *);
static int	set_batches(int, int, int);
static int	permitted(int);
static void	begin(struct request *, int, int);
static void	add(struct request *, int, const void *, size_t);
static int	ask(int, struct request *);
static uint32_t	last_number(const char *, size_t, uint32_t);
static uint32_t	number_of(const struct nlmsghdr *, uint32_t);

const struct kind	 kind_nflog = {
	.name = "nflog",
	.attach = nflog_attach,
	.detach = nflog_detach,
	.attached = nflog_attached,
	.sample = nflog_sample,
	.drain = nflog_drain,
	.limit = nflog_limit,
	.tune = nflog_tune
};

/* Does a name mean a group, rightly written or not? */
int
nflog_means(const char *ifname)
{
	return strncasecmp(ifname, PREFIX, strlen(PREFIX) - 1) == 0 &&
	    (ifname[strlen(PREFIX) - 1] == ':' ||
	    ifname[strlen(PREFIX) - 1] == '\0');
}

/* Drop leading zeros from the group; see counter_name(). */
const char *
nflog_name(char *ifname)
{
	char	*digits = ifname + strlen(PREFIX);
	int	 group = nflog_group(ifname);

	if (group == -1 || digits[strspn(digits, "0123456789")] != '\0')
		return "must be nflog:GROUP with a group from 0 to 65535";
	snprintf(digits, strlen(digits) + 1, "%d", group);
	return NULL;
}

/* The group that an interface's name means, or -1 if it means none. */
int
nflog_group(const char *ifname)
{
	const char	*error;
	long long	 group;

	if (strncmp(ifname, PREFIX, strlen(PREFIX)) != 0)
		return -1;
	group = strtonum(ifname + strlen(PREFIX), 0, UINT16_MAX, &error);
	return error == NULL ? (int)group : -1;
}

static int
nflog_attach(struct counter *counter, int fd)
{
	int	 group = nflog_group(counter->ifname), saved;

	if ((fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    NETLINK_NETFILTER)) == -1)
		return -1;
	if (bind_group(fd, group) == -1 ||
	    set_batches(fd, group, wants_each(counter)) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	counter->tap.fd = fd;
	counter->tap.ifindex = 0;	/* no interface's */
	return 0;
}

/* Does a rule act when a packet arrives? */
static int
wants_each(const struct counter *counter)
{
	const struct rule	*rule;

	TAILQ_FOREACH(rule, &counter->rules, sibling)
		if (rule->terms.immediate)
			return 1;
	return 0;
}

static void
nflog_detach(struct counter *counter)
{
	close(counter->tap.fd);
}

/* A group is always there. */
static int
nflog_attached(const struct counter *counter)
{
	return 1;
}

/* All rules of a group share one counter, whatever they want. */
static void
nflog_tune(struct counter *counter)
{
	if (set_batches(counter->tap.fd, nflog_group(counter->ifname),
	    wants_each(counter)) == -1)
		log_warn("%s", counter->ifname);
}

/* Sampling reads it all. */
static int
nflog_drain(struct counter *counter)
{
	return 0;
}

static int
nflog_limit(struct counter *counter)
{
	return 0;
}

/*
 * Bind the socket to the group: numbers, no packets.  EBUSY: another program
 * has the group.
 */
static int
bind_group(int fd, int group)
{
	struct nfulnl_msg_config_cmd	 bind = {
		.command = NFULNL_CFG_CMD_BIND
	};
	struct nfulnl_msg_config_mode	 mode = {
		.copy_range = htonl(0),
		.copy_mode = NFULNL_COPY_NONE
	};
	struct request			 request;
	uint32_t			 bytes = htonl(BATCH_BYTES);
	uint16_t			 flags = htons(NFULNL_CFG_F_SEQ);
	int				 one = 1;

	/* what is lost is seen in the numbers */
	if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one,
	    sizeof(one)) == -1)
		return -1;
	begin(&request, AF_UNSPEC, group);
	add(&request, NFULA_CFG_CMD, &bind, sizeof(bind));
	add(&request, NFULA_CFG_MODE, &mode, sizeof(mode));
	add(&request, NFULA_CFG_FLAGS, &flags, sizeof(flags));
	add(&request, NFULA_CFG_NLBUFSIZ, &bytes, sizeof(bytes));
	if (ask(fd, &request) == 0)
		return 0;
	/* EPERM is also what the kernel says of another program's group */
	if (errno == EPERM)
		errno = permitted(fd) ? EBUSY : EPERM;
	return -1;
}

/*
 * May this process have groups at all?  To take a family that does not exist
 * from all loggers changes nothing, and is permitted to those who may.
 */
static int
permitted(int fd)
{
	struct nfulnl_msg_config_cmd	 unbind = {
		.command = NFULNL_CFG_CMD_PF_UNBIND
	};
	struct request			 request;

	begin(&request, NO_FAMILY, 0);
	add(&request, NFULA_CFG_CMD, &unbind, sizeof(unbind));
	return ask(fd, &request) == 0;
}

/*
 * Have the group's numbers in batches, or each at once.  The descriptor is
 * attached, so the kernel has no reason to refuse, and to wait for its answer
 * would be to read numbers and forget them.  Returns 0, or -1 with errno.
 */
static int
set_batches(int fd, int group, int immediate)
{
	struct request	 request;
	uint32_t	 packets = htonl(immediate ? 1 : BATCH_PACKETS);
	uint32_t	 time = htonl(BATCH_TIME);

	begin(&request, AF_UNSPEC, group);
	add(&request, NFULA_CFG_QTHRESH, &packets, sizeof(packets));
	add(&request, NFULA_CFG_TIMEOUT, &time, sizeof(time));
	request.header.nlmsg_flags = NLM_F_REQUEST;
	return send(fd, &request, request.header.nlmsg_len, 0) == -1 ? -1 : 0;
}

static void
begin(struct request *request, int family, int group)
{
	memset(request, 0, sizeof(*request));
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof(request->family));
	request->header.nlmsg_type = NFNL_SUBSYS_ULOG << 8 |
	    NFULNL_MSG_CONFIG;
	request->header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->family.nfgen_family = family;
	request->family.version = NFNETLINK_V0;
	request->family.res_id = htons(group);
}

/* Append an attribute; the request has room for those above. */
static void
add(struct request *request, int type, const void *value, size_t len)
{
	struct nlattr	*attribute;

	attribute = (struct nlattr *)((char *)request +
	    NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->nla_type = type;
	attribute->nla_len = NLA_HDRLEN + len;
	memcpy((char *)attribute + NLA_HDRLEN, value, len);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) +
	    NLA_ALIGN(attribute->nla_len);
}

/* Send a request; the kernel has answered when send(2) returns. */
static int
ask(int fd, struct request *request)
{
	union {
		struct nlmsghdr	 header;
		char		 bytes[512];
	}		 answer;
	struct nlmsgerr	*error;
	ssize_t		 n;

	if (send(fd, request, request->header.nlmsg_len, 0) == -1)
		return -1;
	/* the group's first packets may come before the answer */
	while ((n = recv(fd, &answer, sizeof(answer), 0)) != -1) {
		if (!NLMSG_OK(&answer.header, (size_t)n) ||
		    answer.header.nlmsg_type != NLMSG_ERROR)
			continue;
		error = NLMSG_DATA(&answer.header);
		errno = -error->error;
		return error->error == 0 ? 0 : -1;
	}
	return -1;
}

/*
 * Count what came: the slot's number is that which the next packet will have.
 * Killed before the end, the next packet's number tells the same.
 */
static void
nflog_sample(struct counter *counter, int64_t time)
{
	static union {
		struct nlmsghdr	 header;
		char		 bytes[2 * BATCH_BYTES];
	}		 batch;
	struct count	*count = counter->count;
	struct slot	*slot = &count->slot[count->turn % 2];
	uint32_t	 next = slot->number;
	ssize_t		 n;
	int		 i;

	for (i = 0; i < MAX_BATCHES && (n = recv(counter->tap.fd, &batch,
	    sizeof(batch), 0)) > 0; i++)
		next = last_number(batch.bytes, n, next);
	count_store(count, slot->total + (uint32_t)(next -
	    (uint32_t)slot->number), next, time);
}

/* The number after that of the last packet in a batch. */
static uint32_t
last_number(const char *batch, size_t len, uint32_t next)
{
	const struct nlmsghdr	*header = (const struct nlmsghdr *)batch;

	while (len >= sizeof(*header) &&
	    header->nlmsg_len >= sizeof(*header) &&
	    header->nlmsg_len <= len) {
		if (header->nlmsg_type ==
		    (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
			next = number_of(header, next);
		if (NLMSG_ALIGN(header->nlmsg_len) >= len)
			break;
		len -= NLMSG_ALIGN(header->nlmsg_len);
		batch += NLMSG_ALIGN(header->nlmsg_len);
		header = (const struct nlmsghdr *)batch;
	}
	return next;
}

static uint32_t
number_of(const struct nlmsghdr *header, uint32_t next)
{
	const struct nlattr	*attribute;
	const char		*p = (const char *)header;
	size_t			 at = NLMSG_LENGTH(sizeof(struct nfgenmsg));
	uint32_t		 number;

	for (; at + NLA_HDRLEN <= header->nlmsg_len;
	    at += NLA_ALIGN(attribute->nla_len)) {
		attribute = (const struct nlattr *)(p + at);
		if (attribute->nla_len < NLA_HDRLEN)
			break;
		if ((attribute->nla_type & NLA_TYPE_MASK) != NFULA_SEQ ||
		    attribute->nla_len < NLA_HDRLEN + sizeof(number))
			continue;
		memcpy(&number, p + at + NLA_HDRLEN, sizeof(number));
		return ntohl(number) + 1;
	}
	return next;
}
