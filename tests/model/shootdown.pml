/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A model of src/core/shootdown.c, for SPIN: two CPUs shoot at each other and
 * at a third, interrupts come when they like, a CPU goes and comes back.
 * Names are those of the C code.  tests/model/README.md says what is run, what
 * is left out, and which line of the protocol each mutant takes away.
 *
 * Read from top to bottom: memory, translations, the protocol, the kernel.
 *
 * WHAT MUST HOLD
 *
 * dead		When qpmap_shootdown() has returned, no CPU of its set uses
 *		the old translation, nor has a store through it under way.
 * left_behind	When qpmap_cpu_offline() has returned, the CPU holds nothing
 *		that had left the tables before.
 * end state	Every call returns: SPIN reports a state in which a CPU has
 *		not finished and nobody can move.  A loop that waits is
 *		written as a guard, so that waiting in vain is such a state.
 *
 * TIME
 *
 * One access to a word that another CPU writes is one step.  "atomic" holds
 * together what is one instruction; what only the model itself looks at; and
 * an access with what this CPU then does to itself alone (its registers, its
 * buffer, its TLB), since nobody else can tell the two apart.
 *
 * WHAT IS RUN
 *
 * tests/model/run reads these lists: a name, what SPIN has to find, options;
 * "slow" only with --slow.
 *
 * CONFIGURATIONS
 *
 *	pair		correct
 *		Two CPUs shoot once, one of them with interrupts off.
 *	masked		correct -DMASKED=3
 *		Both with interrupts off.
 *	again		correct -DMASKED=3 -DSHOTS_0=2
 *		One shoots twice, and maps another page in between.
 *	wrap		correct -DQPMAP_REQUESTS=2 -DFIRST=254
 *		Two slots in the ring; the generation comes round to 0.
 *	subset		correct -DSET_1=3
 *		CPU 1 does not shoot at CPU 2.
 *	lock		correct -DLOCKS=1
 *		CPU 0 holds a spin lock, for which CPU 2 spins.
 *	join		correct -DMASKED=3 -DABSENT -DFIRST=250
 *		CPU 2 comes, with an acknowledgement from before the wrap.
 *	leave		correct -DMASKED=3 -DABSENCES_2=1
 *		CPU 2 goes, and comes back or does not.
 *	leave-lock	correct -DLOCKS=1 -DSHOTS_1=0 -DABSENCES_2=1
 *		CPU 2 goes, and a handler spins there for CPU 0's lock.
 *	initiator	correct -DABSENCES_1=1
 *		So does a CPU that shoots.
 *	no-cycle	no cycle -DMASKED=3
 *		Nobody goes round for ever.
 *	unmasked	correct slow -DMASKED=0
 *		Both may be interrupted anywhere.
 *	twice		correct slow -DDUPLICATES=1
 *		An interrupt may be delivered twice.
 *	again-unmasked	correct slow -DSHOTS_0=2
 *		Shooting twice, and the other can be interrupted.
 *	again-wrap	correct slow -DSHOTS_0=2 -DQPMAP_REQUESTS=2 -DFIRST=254
 *		... with two slots, and the wrap.
 *	join-unmasked	correct slow -DABSENT -DFIRST=250
 *		CPU 2 comes, and one of the others can be interrupted.
 *	leave-unmasked	correct slow -DABSENCES_2=1
 *		CPU 2 goes, the same.
 *	leave-again	correct slow -DMASKED=3 -DABSENCES_2=2
 *		CPU 2 goes and comes back, twice.
 *	leave-two	correct slow -DMASKED=3 -DABSENCES_1=1 -DABSENCES_2=1
 *		CPUs 1 and 2 go.
 *
 * MUTANTS: with -DNAME, a step of the protocol is missing, or misplaced.
 *
 *	ACKNOWLEDGED_FIRST	dead
 *		A CPU acknowledges before it invalidates.
 *	NOT_WAITED		dead
 *		The initiator does not wait.
 *	CPU_SKIPPED		dead
 *		It does not wait for one of the CPUs.
 *	OWN_PART_LEFT_OUT	dead
 *		It does not invalidate what it holds itself.
 *	NO_FENCE_BEFORE_NUMBER	dead
 *		The clear is in its buffer when the number can be read.
 *	GENERATION_READ_AGAIN	dead
 *		What is acknowledged is read after the invalidation.
 *	NO_FENCE_BEFORE_ACKNOWLEDGING dead
 *		Accesses begun with the old translation are not complete.
 *	ACKNOWLEDGEMENT_LOWERED	end state
 *		A plain store, after an interrupt that acknowledged more.
 *	NO_POLL_WHILE_WAITING	end state -DMASKED=3
 *		The own part is an invalidation that is not acknowledged, and
 *		nobody polls: each waits for the other.  (POLLED_ONCE, below.)
 *	NO_POLL_IN_SPIN_LOCK	end state -DLOCKS=1 -DSHOTS_1=0
 *		Who spins with interrupts off for the initiator's lock is deaf.
 *	NO_IPI			end state
 *		Nobody is interrupted.
 *	IPI_OVERTAKES		end state
 *		The interrupt is there before the number can be read.
 *	SLOT_NOT_CLAIMED	dead
 *		Two initiators write one slot of the ring.
 *	SLOT_NOT_CHECKED	dead
 *		A slot that is another request's is served for the one sought.
 *	SLOT_NOT_CHECKED_AGAIN	dead
 *		A slot that changes while it is read is believed.
 *	PUBLISH_NOT_RELEASE	dead
 *		A slot has its number before it has its contents.
 *	UNPUBLISHED_IGNORED	dead
 *		A request that is not in the ring is passed over.
 *	NEWEST_ONLY		dead -DQPMAP_REQUESTS=2
 *		Only the newest request is served, and all acknowledged.
 *	ZERO_PUBLISHED		dead -DQPMAP_REQUESTS=2 -DFIRST=254
 *		The number 0 is published, and looks like "being written".
 *	FLUSHED_BEFORE_ONLINE	dead -DABSENT -DFIRST=250
 *		Joining: everything is invalidated, then online is set.
 *	NOT_FLUSHED		dead -DABSENT -DFIRST=250
 *		Joining: nothing is invalidated.
 *	NO_FENCE_AFTER_ONLINE	dead -DABSENT -DFIRST=250
 *		Joining: online is in its buffer when the CPU invalidates.
 *	GENERATION_READ_AFTER_FLUSH dead -DABSENT -DFIRST=250
 *		Joining: what is acknowledged is read after the invalidation.
 *	ACKNOWLEDGEMENT_NOT_RESET dead -DABSENT -DFIRST=250
 *		Joining: the acknowledgement of an earlier life is left.
 *	WINDOW_AFTER_JOINING	end state -DABSENT -DFIRST=250
 *		Joining: interrupts are ignored when online is set already.
 *	ONLINE_NOT_READ_AGAIN	end state -DABSENCES_2=1
 *		A CPU that went offline is waited for.
 *	WINDOW_BEFORE_LEAVING	end state -DLOCKS=1 -DSHOTS_1=0 -DABSENCES_2=1
 *		Leaving: polls are ignored when online is set still.
 *	LEAVE_NOT_RELEASE	dead -DABSENCES_2=1
 *		Leaving: online is 0 while the CPU's stores are under way.
 *	LEFT_BEHIND		left_behind -DABSENCES_2=1
 *		Leaving: nothing is invalidated.
 *
 * HARMLESS: without these steps nothing bad happens; what they are for.
 *
 *	POLLED_ONCE		correct slow -DMASKED=3
 *		No poll while waiting.  The initiator with the lowest number
 *		waits for no other: all that have a number have polled since.
 *		Polling bounds how long the others wait.
 *	NO_FENCE_BEFORE_SENDING	correct slow
 *		The ring's slot may be in its buffer: everything is
 *		invalidated then.  The hardware's interrupt must not overtake
 *		the number, though: IPI_OVERTAKES.
 *	YOUNGER_OVERWRITTEN	correct slow
 *		A late initiator takes a younger one's slot: everything is
 *		invalidated then.
 *	LAG_NOT_CHECKED		correct slow
 *		A CPU that lags finds its requests overwritten.
 *	JOIN_NOT_RELEASE	correct slow -DABSENT -DFIRST=250
 *		Who is misled by it did not need to wait: the flush comes.
 *
 * WITNESSES: -DREACH=NAME makes arriving there an error; SPIN has to find it,
 * or the model shows nothing.
 *
 *	NOT_LOWERED	reached
 *		A nested interrupt acknowledged more, and that is kept.
 *	STALE		reached
 *		An initiator waits for a CPU that holds the old translation.
 *	LAGGED		reached
 *		Everything is invalidated, since the CPU lags behind.
 *	OVERWRITTEN	reached -DQPMAP_REQUESTS=2
 *		Everything is invalidated, since the slot is another's.
 *	TORN		reached
 *		Everything is invalidated, since the slot changed.
 *	PRECISE		reached
 *		One page is invalidated, as requested.
 *	LEFT		reached -DABSENCES_2=1
 *		A CPU that was interrupted goes, and is not waited for.
 *	LATE		reached
 *		An interrupt with nothing left to do.
 *	IPI_OFFLINE	reached -DABSENCES_2=1
 *		An interrupt on a CPU that is offline.
 *	POLLED		reached
 *		A request is served while waiting with interrupts off.
 *	UNPUBLISHED	reached
 *		The slot is not free, and the request stays out.
 *	SPUN		reached -DLOCKS=1 -DSHOTS_1=0
 *		A request is served while spinning for a lock.
 *	OUTSIDE		reached -DSET_1=3
 *		Returned, and a CPU outside the set uses the old translation.
 *	WRAPPED		reached -DFIRST=254
 *		The number 0.
 *	NOT_SENT	reached
 *		A CPU has acknowledged already, and is not interrupted.
 */

#define CPUS 3
#ifndef QPMAP_REQUESTS
#define QPMAP_REQUESTS 1	/* slots in the ring, 1 or 2: they clash */
#endif
#ifndef FIRST
#define FIRST 1			/* the generation to begin with */
#endif
#ifndef SHOTS_0
#define SHOTS_0 1		/* pages that CPU 0 removes, 0 to 2 */
#endif
#ifndef SHOTS_1
#define SHOTS_1 1		/* pages that CPU 1 removes, 0 to 2 */
#endif
#ifndef SET_1
#define SET_1 7			/* CPUs that CPU 1 shoots at, one bit each */
#endif
#ifndef ABSENCES_1
#define ABSENCES_1 0		/* times that CPU 1 goes and comes back */
#endif
#ifndef ABSENCES_2
#define ABSENCES_2 0		/* times that CPU 2 does */
#endif
#ifndef LOCKS
#define LOCKS 0			/* 1: CPUs 0 and 2 share a spin lock */
#endif
#ifndef MASKED
#define MASKED 1		/* CPUs that shoot with interrupts off */
#endif
#ifndef DUPLICATES
#define DUPLICATES 0		/* interrupts that may be delivered twice */
#endif
/* ABSENT: CPU 2 is offline at the beginning, and joins. */

/* Where a witness is: see above. */
#ifndef REACH
#define REACH 0
#endif
#define WITNESS(n) assert((n) != REACH)
#define NOT_LOWERED	1
#define STALE		2
#define LAGGED		3
#define OVERWRITTEN	4
#define TORN		5
#define PRECISE		6
#define LEFT		7
#define LATE		8
#define IPI_OFFLINE	9
#define POLLED		10
#define UNPUBLISHED	11
#define SPUN		12
#define OUTSIDE		13
#define WRAPPED		14
#define NOT_SENT	15

/*
 * MEMORY
 *
 * Generations are bytes here, and wrap like the words in C.
 */
#define WORD(x)		((x) & 255)
#define OLDER(a, b)	(WORD((a) - (b)) > 127)	/* (signed)(a - b) < 0 */
#define QUARTER		64

typedef qpmap_request {
	byte generation;	/* 0: being written */
	byte va			/* page_count is a word of the same kind */
};

byte generation;
qpmap_request requests[QPMAP_REQUESTS];
byte acknowledged[CPUS];
byte online[CPUS];		/* FREE, TAKEN or ONLINE */
#define FREE	0
#define TAKEN	1
#define ONLINE	2
bool window[CPUS];		/* cpu->index_plus_one != 0: this CPU's own word */

/*
 * The page tables: two slots, and an entry is the bit that stands for the
 * translation: slot 0 can show the pages 1 and 2, slot 1 the pages 4 and 8.
 */
byte pte[2];
#define PAGE(slot, n)	(1 << (2 * (slot) + (n)))
#define SLOT(slot)	(3 << (2 * (slot)))
#define PRESENT		(pte[0] | pte[1])

/*
 * Store buffers.  A plain store waits in its CPU's buffer, which gives up its
 * stores one by one, at any time and in any order: what riscv64 allows, and
 * more than x86 does, so that the model speaks for both.  A release store
 * waits until all that was buffered before it has gone.  A read-modify-write
 * works on memory and leaves the buffer as it is.  One store for each word
 * can wait; a second one waits for it.  Loads are done in program order:
 * README.md says what that leaves to the argument in docs/tlb.md.
 */
#define NOTHING 255

typedef store_buffer {
	byte pte[2];
	byte va;
	byte generation;
	byte index;		/* the ring's slot of the last two */
	byte acknowledged;
	byte online
};
store_buffer buffer[CPUS];

#define BUFFERED_PTE(c) (buffer[c].pte[0] != NOTHING || \
			 buffer[c].pte[1] != NOTHING)
#define BUFFERED_ANY(c)	(BUFFERED_PTE(c) || buffer[c].va != NOTHING || \
			 buffer[c].generation != NOTHING || \
			 buffer[c].acknowledged != NOTHING || \
			 buffer[c].online != NOTHING)

/*
 * TRANSLATIONS
 *
 * A CPU may walk at any time, and keep what it found for as long as nothing
 * invalidates it.  The protocol never looks at what a CPU holds, so nothing
 * is lost if every CPU holds, at every moment, all that any choice of walks
 * could have given it: held only shrinks when something is invalidated, and
 * then takes in again what is still in the tables.
 *
 * used is the same for accesses: translations by which a load or store may
 * have been begun that is not complete.  A fence completes it.
 */
byte held[CPUS];
byte used[CPUS];
bool using[CPUS];		/* runs programs: between online and offline */
byte dead[CPUS];		/* what a shootdown has ended for that CPU */

#define MAY_WALK(c) \
	(PRESENT | \
	 (buffer[c].pte[0] == NOTHING -> 0 : buffer[c].pte[0]) | \
	 (buffer[c].pte[1] == NOTHING -> 0 : buffer[c].pte[1]))

inline walk(c)
{
	held[c] = held[c] | MAY_WALK(c);
	used[c] = used[c] | (using[c] -> held[c] : 0);
	assert((used[c] & dead[c]) == 0)
}

inline walk_all()
{
	walk(0);
	walk(1);
	walk(2)
}

/* Invalidate the translations of mask in every context.  In an atomic. */
inline flush(me, mask)
{
	held[me] = held[me] & ~(mask);
	walk(me)
}
#define EVERYTHING 15

/*
 * A full fence: what this CPU has begun is complete, and its stores are
 * visible.  In an atomic, together with the step that follows it.
 */
inline fence(me)
{
	!BUFFERED_ANY(me);
	used[me] = (using[me] -> held[me] : 0)
}

/* Each CPU that removes pages has the slot of its own number. */
inline store_pte(me, value)
{
	atomic {
		buffer[me].pte[me] == NOTHING;
		buffer[me].pte[me] = value;
		walk(me)
	}
}

/* What a CPU wrote as a release store goes after all the rest. */
#ifdef JOIN_NOT_RELEASE
#define ONLINE_MAY_GO(c) true
#else
#define ONLINE_MAY_GO(c) (!BUFFERED_PTE(c) && \
			  buffer[c].acknowledged == NOTHING)
#endif
#ifdef PUBLISH_NOT_RELEASE
#define GENERATION_MAY_GO(c) true
#else
#define GENERATION_MAY_GO(c) (!BUFFERED_PTE(c) && buffer[c].va == NOTHING)
#endif

/* A buffer gives up one of its stores. */
inline drain(c)
{
	if
	:: buffer[c].pte[0] != NOTHING ->
		pte[0] = buffer[c].pte[0];
		buffer[c].pte[0] = NOTHING;
		walk_all()
	:: buffer[c].pte[1] != NOTHING ->
		pte[1] = buffer[c].pte[1];
		buffer[c].pte[1] = NOTHING;
		walk_all()
	:: buffer[c].va != NOTHING ->
		requests[buffer[c].index].va = buffer[c].va;
		buffer[c].va = NOTHING
	:: buffer[c].generation != NOTHING && GENERATION_MAY_GO(c) ->
		requests[buffer[c].index].generation = buffer[c].generation;
		buffer[c].generation = NOTHING
	:: buffer[c].acknowledged != NOTHING ->
		acknowledged[c] = buffer[c].acknowledged;
		buffer[c].acknowledged = NOTHING
	:: buffer[c].online != NOTHING && ONLINE_MAY_GO(c) ->
		online[c] = buffer[c].online;
		buffer[c].online = NOTHING;
#ifndef LEAVE_NOT_RELEASE
		used[c] = (using[c] -> held[c] : 0)
#endif
	fi
}

inline start(c)
{
	acknowledged[c] = FIRST;
	online[c] = ONLINE;
	window[c] = 1;
	using[c] = 1;
	interrupts[c] = 1;
	held[c] = PRESENT;
	used[c] = PRESENT;
	buffer[c].pte[0] = NOTHING;
	buffer[c].pte[1] = NOTHING;
	buffer[c].va = NOTHING;
	buffer[c].generation = NOTHING;
	buffer[c].acknowledged = NOTHING;
	buffer[c].online = NOTHING
}

proctype memory()
{
end:	do
	:: atomic { BUFFERED_ANY(0) -> drain(0) }
	:: atomic { BUFFERED_ANY(1) -> drain(1) }
	:: atomic { BUFFERED_ANY(2) -> drain(2) }
	od
}

/*
 * INTERRUPTS
 *
 * Sending one sets a bit; it is delivered whenever the CPU has interrupts on,
 * or later, and two may be delivered as one.  Then the thread stands still:
 * "provided" in the proctype cpu.  DUPLICATES of them are delivered twice.
 */
byte ipi[CPUS];
bool interrupts[CPUS];		/* enabled */
bool handling[CPUS];
byte duplicates = DUPLICATES;

inline qpmap_host_ipi(c)
{
	if
	:: ipi[c] = 1
	:: atomic {
		duplicates > 0 ->
		duplicates--;
		ipi[c] = 2
	   }
	fi
}

/*
 * THE PROTOCOL
 *
 * What the C functions keep in their slots: the thread has one, and the
 * interrupt another.  0 when not in use, so that equal states are equal.
 */
typedef poll_slot {
	byte newest;
	byte old;
	byte va
};

#define REQUEST(g)	requests[WORD(g) % QPMAP_REQUESTS]
#ifdef ZERO_PUBLISHED
#define PUBLISHABLE(g)	true
#else
#define PUBLISHABLE(g)	(WORD(g) != 0)
#endif
#define IN(set, c)	(((set) >> (c)) & 1)

/*
 * The loop is one step: a turn that fails changes nothing.  If this was an
 * interrupt, its thread goes on.
 */
inline qpmap_shootdown_acknowledge(me, p)
{
	atomic {
#ifndef NO_FENCE_BEFORE_ACKNOWLEDGING
		fence(me);
#endif
		buffer[me].acknowledged == NOTHING;
		if
#ifndef ACKNOWLEDGEMENT_LOWERED
		:: !OLDER(acknowledged[me], p.newest) ->
			WITNESS(NOT_LOWERED)
#endif
		:: else ->
			acknowledged[me] = p.newest
		fi;
		p.newest = 0;
		p.old = 0;
		handling[me] = 0
	}
}

inline flush_everything(me, p, n)
{
	WITNESS(n);
	flush(me, EVERYTHING);
	p.old = p.newest
}

/* Do what request p.old + 1 asks for; if it is not there, do everything. */
inline qpmap_request_handle(me, p)
{
	if
#ifndef SLOT_NOT_CHECKED
	:: atomic {
		!PUBLISHABLE(p.old + 1) ||
		    REQUEST(p.old + 1).generation != WORD(p.old + 1) ->
#ifdef UNPUBLISHED_IGNORED
		p.old = WORD(p.old + 1)
#else
		flush_everything(me, p, OVERWRITTEN)
#endif
	   }
	:: PUBLISHABLE(p.old + 1) &&
	   REQUEST(p.old + 1).generation == WORD(p.old + 1) ->
#else
	:: true ->
#endif
		p.va = REQUEST(p.old + 1).va;
		atomic {
			if
#if !defined(SLOT_NOT_CHECKED) && !defined(SLOT_NOT_CHECKED_AGAIN)
			:: REQUEST(p.old + 1).generation !=
			   WORD(p.old + 1) ->
				flush_everything(me, p, TORN)
#endif
			:: else ->
				WITNESS(PRECISE);
				flush(me, SLOT(p.va));
				p.old = WORD(p.old + 1)
			fi;
			p.va = 0
		}
	fi
}

inline qpmap_shootdown_handle(me, p)
{
	if
#ifndef LAG_NOT_CHECKED
	:: atomic {
		WORD(p.newest - p.old) > QPMAP_REQUESTS ->
		flush_everything(me, p, LAGGED)
	   }
	:: else ->
#else
	:: true ->
#endif
#ifdef NEWEST_ONLY
		p.old = WORD(p.newest - 1);
#endif
		do
		:: p.old != p.newest -> qpmap_request_handle(me, p)
		:: else -> break
		od
	fi
}

/*
 * qpmap_shootdown_poll() in two parts: first newest, and old, which only this
 * CPU writes; the same, if there is nothing to do; and then the rest.
 */
inline poll_read(me, p)
{
	if
	:: !window[me] ->
		WITNESS(IPI_OFFLINE)
	:: window[me] && !OLDER(acknowledged[me], generation) ->
		WITNESS(LATE)
	:: else ->
		p.newest = generation;
		p.old = acknowledged[me]
	fi
}

inline poll_serve(me, p)
{
	if
	:: p.old != p.newest ->
#ifdef ACKNOWLEDGED_FIRST
		acknowledged[me] = p.newest;
#endif
		qpmap_shootdown_handle(me, p);
#ifdef GENERATION_READ_AGAIN
		p.newest = generation;
#endif
		qpmap_shootdown_acknowledge(me, p)
	:: else
	fi
}

#ifdef YOUNGER_OVERWRITTEN
#define MAY_REPLACE(old, g) true
#else
#define MAY_REPLACE(old, g) OLDER(old, g)
#endif

/* Claim the slot and write into it, or stay out. */
inline qpmap_request_write(me, g)
{
	atomic {
		if
#ifdef SLOT_NOT_CLAIMED
		:: true ->
#else
		:: PUBLISHABLE(g) && REQUEST(g).generation != 0 &&
		   MAY_REPLACE(REQUEST(g).generation, g) ->
			REQUEST(g).generation = 0;
#endif
			buffer[me].va == NOTHING &&
			    buffer[me].generation == NOTHING;
			buffer[me].index = g % QPMAP_REQUESTS;
			buffer[me].va = me;
			buffer[me].generation = g
#ifndef SLOT_NOT_CLAIMED
		:: else ->
			WITNESS(UNPUBLISHED)
#endif
		fi
	}
}

/*
 * CPU c has to be waited for: it is online, and has not acknowledged g.  C
 * reads the two words one after the other; but either alone is enough not to
 * wait, and to wait needlessly does no harm.
 */
#define MUST_WAIT(set, c, g) \
	(IN(set, c) && online[c] == ONLINE && OLDER(acknowledged[c], g))

/* Interrupt c, if it has not acknowledged. */
inline send(me, g, set, c)
{
	atomic {
		if
		:: MUST_WAIT(set, c, g) ->
#ifndef NO_IPI
			qpmap_host_ipi(c);
#endif
#ifdef ONLINE_NOT_READ_AGAIN
			asked = asked | (1 << c)
#endif
		:: else ->
#if REACH == NOT_SENT
			assert(online[c] != ONLINE || OLDER(acknowledged[c], g))
#endif
		fi
	}
}

#ifdef ONLINE_NOT_READ_AGAIN
#define WAITS(set, c, g) (IN(asked, c) && OLDER(acknowledged[c], g))
#elif defined(NOT_WAITED)
#define WAITS(set, c, g) false
#elif defined(CPU_SKIPPED)
#define WAITS(set, c, g) ((c) != 2 && MUST_WAIT(set, c, g))
#else
#define WAITS(set, c, g) MUST_WAIT(set, c, g)
#endif

/*
 * Wait for c.  In C a poll with nothing to do is a turn of the loop for
 * nothing; here it is no step, so that nothing but waiting is seen as such.
 */
#define MAY_POLL(me) (window[me] && OLDER(acknowledged[me], generation))

inline wait(me, g, set, c, p)
{
	do
	:: !WAITS(set, c, g) ->
#if REACH == LEFT
		assert(online[c] == ONLINE || !OLDER(acknowledged[c], g) ||
		    !ipi[c]);
#endif
		break
#if !defined(NO_POLL_WHILE_WAITING) && !defined(POLLED_ONCE)
	:: atomic {
		WAITS(set, c, g) && MAY_POLL(me) ->
#if REACH == POLLED
		assert(interrupts[me]);
#endif
		poll_read(me, p)
	   };
		poll_serve(me, p)
#endif
#if REACH == STALE
	:: WAITS(set, c, g) ->
		assert((held[c] & SLOT(me)) == 0)
#endif
	od
}

/*
 * The entry has been cleared.  set is the C function's cpus.  Two CPUs shoot,
 * 0 and 1, so the others are 1 - me and 2; itself has polled, and is not
 * waited for.
 */
#define OTHER (1 - me)

inline qpmap_shootdown(me, set, p)
{
#ifdef IPI_OVERTAKES
	send(me, WORD(generation + 1), set, OTHER);
	send(me, WORD(generation + 1), set, 2);
#endif
	atomic {
#ifndef NO_FENCE_BEFORE_NUMBER
		fence(me);			/* qpmap_tlb_pre_notify() */
#endif
		generation = WORD(generation + 1);
		g = generation
	};
#if REACH == WRAPPED
	assert(g != 0);
#endif
	qpmap_request_write(me, g);
#ifndef NO_FENCE_BEFORE_SENDING
	atomic { fence(me) };			/* qpmap_tlb_pre_notify() */
#endif
#ifndef IPI_OVERTAKES
	send(me, g, set, OTHER);
	send(me, g, set, 2);
#endif
#if defined(NO_POLL_WHILE_WAITING)
	atomic { flush(me, SLOT(me)) };
#elif !defined(OWN_PART_LEFT_OUT)
	atomic { poll_read(me, p) };
	poll_serve(me, p);
#endif
	wait(me, g, set, OTHER, p);
	wait(me, g, set, 2, p)
}

/* Both of these run on the CPU itself. */
inline qpmap_shootdown_join(me, p)
{
#ifdef FLUSHED_BEFORE_ONLINE
	atomic { flush(me, EVERYTHING) };
#endif
	atomic {
#ifndef ACKNOWLEDGEMENT_NOT_RESET
		buffer[me].acknowledged = WORD(generation - QUARTER);
#endif
		buffer[me].online = ONLINE
	};
	atomic {
#ifndef NO_FENCE_AFTER_ONLINE
		fence(me);
#endif
		p.newest = generation
	};
#if !defined(FLUSHED_BEFORE_ONLINE) && !defined(NOT_FLUSHED)
	atomic { flush(me, EVERYTHING) };
#endif
#ifdef GENERATION_READ_AFTER_FLUSH
	p.newest = generation;
#endif
	qpmap_shootdown_acknowledge(me, p)
}

inline qpmap_shootdown_leave(me)
{
	buffer[me].online = TAKEN;
	atomic {
		fence(me);
#ifndef LEFT_BEHIND
		flush(me, EVERYTHING);
#endif
		left_behind = held[me] & ~MAY_WALK(me);
		assert(left_behind == 0)
	}
}

/*
 * THE KERNEL
 */
byte left_behind;
bool lock;

/* Slot me: a page comes (the first is there already) and goes again. */
inline remove_page(me, n, set, p)
{
	if
	:: n > 0 -> store_pte(me, PAGE(me, n))
	:: else
	fi;
	atomic {
		store_pte(me, 0);
		interrupts[me] = !IN(MASKED, me)
	};
	qpmap_shootdown(me, set, p);
	atomic {
		interrupts[me] = 1;
		g = 0;
#if REACH == OUTSIDE
		assert((used[2] & PAGE(me, n)) == 0);
#endif
		dead[0] = dead[0] | (IN(set, 0) -> PAGE(me, n) : 0);
		dead[1] = dead[1] | (IN(set, 1) -> PAGE(me, n) : 0);
		dead[2] = dead[2] | (IN(set, 2) -> PAGE(me, n) : 0);
		walk_all();
		n++
	}
}

inline qpmap_cpu_online(me, p)
{
	atomic {				/* qpmap_shootdown_claim() */
		assert(online[me] == FREE);
		online[me] = TAKEN
	};
#ifndef WINDOW_AFTER_JOINING
	window[me] = 1;
#endif
	qpmap_shootdown_join(me, p);
#ifdef WINDOW_AFTER_JOINING
	window[me] = 1;
#endif
	atomic {
		using[me] = 1;
		walk(me)
	}
}

/* A spin lock, taken with interrupts off: who waits for it polls. */
inline acquire(me, p)
{
	interrupts[me] = 0;
	do
	:: atomic { !lock -> lock = 1 };
		break
#ifndef NO_POLL_IN_SPIN_LOCK
	:: atomic {
		lock && MAY_POLL(me) ->
		WITNESS(SPUN);
		poll_read(me, p)
	   };
		poll_serve(me, p)
#endif
	od
}

inline release(me)
{
	lock = 0;
	interrupts[me] = 1
}

/* With LOCKS a handler comes meanwhile, and wants the lock. */
inline qpmap_cpu_offline(me, p)
{
	atomic {
#ifdef WINDOW_BEFORE_LEAVING
		window[me] = 0;
#endif
		using[me] = 0
	};
#if LOCKS
	acquire(me, p);
	release(me);
#endif
	qpmap_shootdown_leave(me);
	atomic {
		window[me] = 0;
		buffer[me].online == NOTHING;
		online[me] = FREE
	}
}

proctype interrupt(byte me)
{
	poll_slot p;

end:	do
	:: atomic {
		ipi[me] > 0 && interrupts[me] ->
		ipi[me]--;
		poll_read(me, p);		/* qpmap_shootdown_ipi() */
		handling[me] = p.old != p.newest
	   };
		poll_serve(me, p)
	od
}

proctype cpu(byte me; byte shots; byte absences; byte locks; byte set)
    provided (!handling[me])
{
	poll_slot p;
	byte n, g, asked;

#ifdef ABSENT
	if
	:: me == 2 -> qpmap_cpu_online(me, p)
	:: else
	fi;
#endif
	do
	:: n < shots ->
#if LOCKS
		if
		:: locks > 0 -> acquire(me, p)
		:: else
		fi;
#endif
		remove_page(me, n, set, p);
#if LOCKS
		if
		:: locks > 0 -> release(me)
		:: else
		fi
#endif
	:: absences > 0 ->
		qpmap_cpu_offline(me, p);
		if
		:: qpmap_cpu_online(me, p)
		:: true -> break		/* it never comes back */
		fi;
		absences--
#if LOCKS
	:: shots == 0 && locks > 0 ->
		acquire(me, p);
		release(me);
		locks--
#endif
	:: n == shots && absences == 0 && (shots > 0 || locks == 0) -> break
	od
}

init {
	atomic {
		generation = FIRST;
		pte[0] = PAGE(0, 0);
		pte[1] = PAGE(1, 0);
		start(0);
		start(1);
		start(2);
		requests[0].generation = FIRST;
		requests[QPMAP_REQUESTS - 1].generation = FIRST;
#ifdef ABSENT
		/* Long ago, before the generations came round. */
		online[2] = FREE;
		window[2] = 0;
		using[2] = 0;
		used[2] = 0;
		acknowledged[2] = WORD(FIRST + QUARTER);
#endif
		run memory();
		run interrupt(0);
		run interrupt(1);
		run interrupt(2);
		run cpu(0, SHOTS_0, 0, LOCKS, 7);
		run cpu(1, SHOTS_1, ABSENCES_1, 0, SET_1);
		run cpu(2, 0, ABSENCES_2, LOCKS, 7)
	}
}
