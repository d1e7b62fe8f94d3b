// What an operation is to the transaction that it begins, ends, belongs to, or keeps open.
#include "client/session/operation.h"

namespace kalam {

using State = Transaction::State;

bool Operation::ends_transaction(const Status& status) {
  return status.error == ErrorClass::transaction_gone || status.error == ErrorClass::transaction_unknown ||
         status.error == ErrorClass::session_gone;
}

// The transaction is over. What is sent from now on in its name would be executed at once and on its own.
void Operation::failed_in_transaction(const Status& status) {
  Transaction& transaction = core_->transaction;
  const bool over = ends_transaction(status);
  if (over && transaction.state == State::open && !transaction.failed) {
    transaction.failed = true;
    transaction.failure = status;
    transaction.failure.maybe_executed = false;
  }
  finish(status);
}

void Operation::end_of_begin(bool ok) {
  Transaction& transaction = core_->transaction;
  if (ok) {
    transaction.state = State::open;
    transaction.node = node_;
    return;
  }
  transaction = {};
  // A transaction that nobody knows of would swallow every later write of its session.
  if (status_.maybe_executed() && node_ != nullptr) node_->abandon_session();
}

void Operation::end_of_transaction(bool ok) {
  if (ok) {
    core_->transaction = {};
  } else {
    core_->transaction.state = State::unresolved;
  }
}

// ---------------------------------------------------------------- keeping it open

// Until it is sent the next time.
void Operation::rest() {
  phase_ = Phase::pausing;
  timer_ = Timer::start(shared_from_this(), core_->runtime.get(), monotonic_after_ms(plan_.every_ms));
  ++in_flight_;
}

// Whether an operation that is sent again and again goes on after a failure. Where nobody knows whether the transaction
// is still open, nothing may be sent in its name.
bool Operation::rests_after(const Status& status) {
  if (plan_.every_ms == 0 || cancelled_ || core_->closing) return false;
  switch (status.error) {
    case ErrorClass::unreachable:
    case ErrorClass::connection_lost:
    case ErrorClass::timeout:
    case ErrorClass::cancelled:
    case ErrorClass::tls:
    case ErrorClass::session_gone:
    case ErrorClass::transaction_gone:
    case ErrorClass::transaction_unknown:
    case ErrorClass::not_leader:
    case ErrorClass::out_of_memory: {
      Transaction& transaction = core_->transaction;
      if (transaction.state == State::open && !transaction.failed) {
        transaction.failed = true;
        transaction.failure = status;
        transaction.failure.maybe_executed = false;
      }
      return false;
    }
    default:
      return true;
  }
}

}  // namespace kalam
