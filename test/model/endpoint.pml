/* A model of two endpoints that share a segment (common/shm/endpoint.cc), for the model checker Spin.
 *
 * It has what docs/memory-model.md argues about: the two rings with their positions, the flags
 * `consumer_sleeps` and `producer_waits`, the two bells, the backlog of a sender that finds no room,
 * and bells that are held. Every access to shared memory is a step of its own, so Spin tries every
 * order in which the two processes can make them. It leaves out msgpack and the capacity in bytes:
 * a ring has two slots here, a record takes one or two of them, and positions count modulo 4.
 *
 * What is checked:
 *   - no lost wake-up: when nothing can happen any more, every record has been received;
 *   - no torn record: a record that is read has both of its halves, in order;
 *   - with -DDEATH: the worker may die between any two steps, and what Node still reads is whole.
 *
 * Each macro BUG_… removes one rule. model.test.js expects that Spin then finds the fault.
 */
#ifndef RECORDS
#define RECORDS 3   /* sent by each side */
#endif
#define CAPACITY 2  /* slots of a ring: it fills, and wraps, with the second record */
#define POSITIONS 4 /* stands for 2^64 */

#define SIZE(record) (1 + ((record) & 1))
#define DISTANCE(from, to) (((to) + POSITIONS - (from)) % POSITIONS)

/* Ring r is written by side r and read by side 1 - r. */
byte tail[2], head[2];
bit producer_waits[2];
#ifdef BUG_BORN_AWAKE
bit consumer_sleeps[2];
#else
bit consumer_sleeps[2] = 1; /* Segment::Create */
#endif
byte first_half[4], second_half[4]; /* of the record at slot CAPACITY * r + position % CAPACITY */
bit bell[2];                        /* bell s is watched by side s */

byte received[2]; /* by side s */
bit dead;         /* the worker, which is side 1 */

/* A store that is not seq_cst may stay in the store buffer of its core while later loads are
 * answered. Only the faults with "RELAXED" in their name have such stores. */
bit tail_buffered[2], sleep_buffered[2], wait_buffered[2], head_buffered[2];
byte buffered_tail[2], buffered_head[2];
active proctype StoreBuffers() {
  byte i;
end:
  do
  :: atomic { tail_buffered[0] -> tail[0] = buffered_tail[0]; tail_buffered[0] = 0 }
  :: atomic { tail_buffered[1] -> tail[1] = buffered_tail[1]; tail_buffered[1] = 0 }
  :: atomic { head_buffered[0] -> head[0] = buffered_head[0]; head_buffered[0] = 0 }
  :: atomic { head_buffered[1] -> head[1] = buffered_head[1]; head_buffered[1] = 0 }
  :: atomic { sleep_buffered[0] -> consumer_sleeps[0] = 1; sleep_buffered[0] = 0 }
  :: atomic { sleep_buffered[1] -> consumer_sleeps[1] = 1; sleep_buffered[1] = 0 }
  :: atomic { wait_buffered[0] -> producer_waits[0] = 1; wait_buffered[0] = 0 }
  :: atomic { wait_buffered[1] -> producer_waits[1] = 1; wait_buffered[1] = 0 }
  od
}

#define OUT me
#define IN (1 - me)
#define PEER (1 - me)

/* --- ring_cursor.h ------------------------------------------------------------------------- */

inline PublishTail() {
#ifdef BUG_RELAXED_PUBLISH_TAIL
  atomic { !tail_buffered[OUT] -> buffered_tail[OUT] = own_tail; tail_buffered[OUT] = 1 }
#else
  tail[OUT] = own_tail
#endif
}

inline PublishHead() {
#ifdef BUG_RELAXED_PUBLISH_HEAD
  atomic { !head_buffered[IN] -> buffered_head[IN] = own_head; head_buffered[IN] = 1 }
#else
  head[IN] = own_head
#endif
}

inline AnnounceSleep() {
#ifdef BUG_RELAXED_ANNOUNCE_SLEEP
  sleep_buffered[IN] = 1
#else
  consumer_sleeps[IN] = 1
#endif
}

inline AnnounceWait() {
#ifdef BUG_RELAXED_ANNOUNCE_WAIT
  wait_buffered[OUT] = 1
#else
  producer_waits[OUT] = 1
#endif
}

/* A later store to the same variable takes the place of the one that is still buffered. */
inline CancelSleep() { atomic { sleep_buffered[IN] = 0; consumer_sleeps[IN] = 0 } }
inline CancelWait() { atomic { wait_buffered[OUT] = 0; producer_waits[OUT] = 0 } }

/* --- ring_writer.cc ------------------------------------------------------------------------ */

#define FREE (CAPACITY - DISTANCE(seen_head, own_tail))

/* Sets `room`. Looks at the peer's position only if what it has seen is not enough. */
inline Reserve(record) {
  room = FREE >= SIZE(record);
  if
  :: !room -> atomic { seen_head = head[OUT]; room = FREE >= SIZE(record) }
  :: else
  fi
}

/* Endpoint::Publish: writes the record that has been reserved, and notes whether a bell is owed. */
inline Publish(record) {
#ifdef BUG_PUBLISH_BEFORE_WRITING
  slot = CAPACITY * OUT + own_tail % CAPACITY;
  own_tail = (own_tail + SIZE(record)) % POSITIONS;
  PublishTail();
  first_half[slot] = record + 1;
  second_half[slot] = record + 1;
#else
  slot = CAPACITY * OUT + own_tail % CAPACITY;
  first_half[slot] = record + 1;
  second_half[slot] = record + 1;
  own_tail = (own_tail + SIZE(record)) % POSITIONS;
  PublishTail();
#endif
  if
  :: consumer_sleeps[OUT] -> /* TakeSleeper: a load, then an exchange */
     atomic { if :: consumer_sleeps[OUT] -> consumer_sleeps[OUT] = 0; held = 1 :: else fi }
  :: else
  fi
}

inline RingHeld() {
  if
  :: held -> held = 0; bell[PEER] = 1
  :: else
  fi
}

/* --- endpoint.cc --------------------------------------------------------------------------- */

inline ReserveOrAnnounce(record) {
  Reserve(record);
  if
#ifndef BUG_SEND_ASLEEP_DOES_NOT_ANNOUNCE
  :: !room && !awake ->
     AnnounceWait();
#ifndef BUG_SEND_DOES_NOT_LOOK_AGAIN
     Reserve(record);
     if :: room -> CancelWait() :: else fi
#endif
#endif
  :: else
  fi
}

/* Sends the next record; `at_once` says whether the bell may be held. */
inline Send(at_once) {
  room = 0;
  if
  :: backlog == 0 -> ReserveOrAnnounce(published)
  :: else
  fi;
  if
  :: room -> Publish(published); published++
  :: else -> backlog++
  fi;
  if
  :: at_once -> RingHeld()
  :: else
  fi
}

inline FlushBacklog() {
  do
  :: backlog > 0 ->
     Reserve(published);
     if
     :: room -> 
        Publish(published);
#ifdef BUG_FLUSH_DOES_NOT_RING
        held = 0;
#else
        RingHeld();
#endif
        atomic { published++; backlog-- }
     :: else -> break
     fi
  :: else -> break
  od
}

/* Sets `work`: there is a record. */
inline HasRecord() {
  work = own_head != seen_tail;
  if
  :: !work -> atomic { seen_tail = tail[IN]; work = own_head != seen_tail }
  :: else
  fi
}

inline ReleaseRoom() {
  if
  :: released != own_head ->
     released = own_head;
     PublishHead();
#ifndef BUG_RELEASE_DOES_NOT_RING
     if
     :: producer_waits[IN] -> /* TakeWaiter */
        atomic { if :: producer_waits[IN] -> producer_waits[IN] = 0; owed = 1 :: else fi };
        if :: owed -> owed = 0; bell[PEER] = 1 :: else fi
     :: else
     fi
#endif
  :: else
  fi
}

/* One record of Endpoint::Drain. */
inline ReadRecord() {
  slot = CAPACITY * IN + own_head % CAPACITY;
#ifdef BUG_RELEASE_BEFORE_READING
  own_head = (own_head + SIZE(received[me])) % POSITIONS;
  ReleaseRoom();
  assert(first_half[slot] == received[me] + 1);
  assert(second_half[slot] == received[me] + 1);
#else
  assert(first_half[slot] == received[me] + 1);
  assert(second_half[slot] == received[me] + 1);
  own_head = (own_head + SIZE(received[me])) % POSITIONS;
#endif
  received[me]++
}

inline Wake() {
  awake = 1;
  CancelSleep();
  CancelWait();
#ifndef BUG_CLEAR_THE_BELL_AFTER_LOOKING
  bell[me] = 0;
#endif
  FlushBacklog()
}

/* Sets `awake`: whether there is work. */
inline Sleep() {
#ifndef BUG_SLEEP_KEEPS_THE_HELD_BELL
  RingHeld();
#endif
  awake = 0;
#ifdef BUG_SLEEP_LOOKS_BEFORE_ANNOUNCING
  HasRecord();
  AnnounceSleep();
#else
  AnnounceSleep();
#endif
#ifndef BUG_SLEEP_DOES_NOT_ANNOUNCE_THE_WAIT
#ifdef BUG_SLEEP_ANNOUNCES_THE_WAIT_ONCE
  if :: backlog > 0 && !announced -> announced = 1; AnnounceWait() :: else fi;
#else
  if :: backlog > 0 -> AnnounceWait() :: else fi;
#endif
#endif
#ifndef BUG_SLEEP_LOOKS_BEFORE_ANNOUNCING
  HasRecord();
#endif
#ifndef BUG_SLEEP_DOES_NOT_LOOK_FOR_ROOM
  if
  :: !work && backlog > 0 -> atomic { seen_head = head[OUT]; work = FREE >= SIZE(published) }
  :: else
  fi;
#endif
#ifdef BUG_CLEAR_THE_BELL_AFTER_LOOKING
  bell[me] = 0;
#endif
  if
  :: work -> awake = 1; CancelSleep(); CancelWait()
  :: else
  fi
}

/* The life of one endpoint: what its owner may call, in any order that endpoint.h allows. */
inline Live() {
end:
  do
  :: published + backlog < RECORDS -> Send(1)
#ifdef HELD
  :: published + backlog < RECORDS -> Send(0)
#ifndef BUG_SLEEP_KEEPS_THE_HELD_BELL
  :: held -> RingHeld() /* the end of the turn */
#endif
#endif
  :: !awake && bell[me] -> Wake()
  :: awake ->
     HasRecord();
     if
     :: work ->
        ReadRecord();
        if
        :: ReleaseRoom(); FlushBacklog() /* in the middle of a long drain */
        :: skip
        fi
     :: else -> ReleaseRoom(); FlushBacklog(); Sleep() /* EndDrain, then Sleep */
     fi
#ifdef DEATH
  :: me == 0 && dead -> break
#endif
  od
}

proctype Side(bit me) {
  byte own_tail, seen_head, own_head, released, seen_tail;
  byte published, backlog, slot;
  bit awake, held, owed, room, work, announced;

#ifdef DEATH
  if
  :: me == 1 -> { Live() } unless { dead }
  :: else ->
     Live();
     /* The last frames of a worker that has ended. Nothing that is read may be torn. */
     HasRecord();
     do
     :: work -> ReadRecord(); HasRecord()
     :: else -> break
     od
  fi
#else
  Live()
#endif
}

#ifdef DEATH
active proctype Killer() { dead = 1 }
#endif

init { atomic { run Side(0); run Side(1) } }

#ifndef DEATH
active proctype Observer() {
  timeout -> assert(received[0] == RECORDS && received[1] == RECORDS)
}
#endif
