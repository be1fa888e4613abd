#include <algorithm>
#include <utility>

#include "jacobench/fit/fitter_parts.hpp"

namespace jacobench {
namespace {

std::unique_ptr<Residuals> standardised_residuals(const Perceptron& network, const Dataset& like,
                                                  const FitOptions& options) {
  return std::make_unique<Residuals>(network, like, options.decay, options.jacobian,
                                     Residuals::Units::standardised);
}

LaneInputs inputs_of(bool are_same) { return are_same ? LaneInputs::same : LaneInputs::new_ones; }

}  // namespace

Fitter::Lanes::Lanes(const Perceptron& network, const Dataset& like, const FitOptions& options,
                     const kernel::LaneKernels& kernels)
    : approach(network, like.n_observations(), kernels),
      polish{.max_iterations = std::min(Tries::few_steps, options.max_iterations),
             .relative_offset = options.relative_offset},
      residuals(static_cast<std::size_t>(kernels.n_lanes)),
      inputs(residuals.size(), 0) {
  for (auto& its : residuals) its = standardised_residuals(network, like, options);
}

Fitter::LaneSearches::LaneSearches(const Perceptron& network, const Dataset& like, const FitOptions& options,
                                   const kernel::LaneKernels& kernels)
    : descents(network, like.n_observations(), kernels),
      lanes(static_cast<std::size_t>(kernels.n_lanes)),
      all(lanes.size()) {
  for (LaneSearch& search : all) {
    search.residuals = standardised_residuals(network, like, options);
    for (Candidate& candidate : search.tries) candidate.tau.resize(network.n_params());
  }
  waiting.reserve(static_cast<std::size_t>(Tries::most) * all.size());
}

// Of what a call that was broken off has left.
void Fitter::LaneSearches::clear() {
  for (Index lane = 0; lane < descents.n_lanes(); ++lane) descents.clear(lane);
  for (LaneSearch& search : all) search.is_free = true;
  waiting.clear();
}

Fitter::LaneSearch* Fitter::LaneSearches::free_one() {
  const auto found =
      std::find_if(all.begin(), all.end(), [](const LaneSearch& search) { return search.is_free; });
  return found == all.end() ? nullptr : &*found;
}

Index Fitter::LaneSearches::n_busy() const {
  return std::count_if(all.begin(), all.end(), [](const LaneSearch& search) { return !search.is_free; });
}

void Fitter::LaneSearches::begin_tries(LaneSearch& search, Index begin, Index end) {
  for (Index i = begin; i < end; ++i)
    waiting.push_back({&search, &search.tries[static_cast<std::size_t>(i)]});
  search.n_tries = end;
  search.n_left = end - begin;
}

// With tries that are waiting, the first first.
void Fitter::LaneSearches::fill_lanes(Index max_iterations, const std::function<bool(double)>& go_on) {
  auto next = waiting.begin();
  for (Index l = 0; l < descents.n_lanes() && next != waiting.end(); ++l) {
    if (descents.state(l) != DescentsInLanes::State::idle) continue;
    Lane& lane = lanes[static_cast<std::size_t>(l)];
    lane.its = *next++;
    const auto& [search, candidate] = lane.its;
    lane.options = {
        .max_iterations = max_iterations - candidate->n_spent, .damping = candidate->damping, .go_on = go_on};
    descents.begin(l, *search->residuals, candidate->tau, lane.options,
                   inputs_of(lane.inputs == search->inputs));
    lane.inputs = search->inputs;
  }
  waiting.erase(waiting.begin(), next);
}

// Whether fits from a start that is given are tried there first.
bool Fitter::can_go_in_lanes() const {
  return EquationsInLanes::suits(fit_.network) && is_polished() && starts_.cols() == 0 && !is_search() &&
         options_.n_redraws.value_or(0) == 0 && options_.jacobian.strategy == JacobianChoice{}.strategy &&
         can_resolve(options_.relative_offset, workers_.front()->residuals);
}

// Whether what an approach does not lead to a minimum goes on there; if so, `searches` are there.
bool Fitter::can_search_in_lanes(Lanes& lanes, const kernel::LaneKernels& kernels) {
  if (!DescentsInLanes::suits(fit_.network, fit_.data.n_observations())) return false;
  if (!lanes.searches)
    lanes.searches = std::make_unique<LaneSearches>(fit_.network, fit_.data, options_, kernels);
  return true;
}

Fitter::Lanes& Fitter::lanes(std::unique_ptr<Lanes>& those, const kernel::LaneKernels& kernels) {
  if (!those) those = std::make_unique<Lanes>(fit_.network, fit_.data, options_, kernels);
  return *those;
}

void Fitter::begin_in_lane(Lanes& lanes, Index lane, const Dataset& data, const Vector& start) {
  Residuals& residuals = *lanes.residuals[static_cast<std::size_t>(lane)];
  Index& its_inputs = lanes.inputs[static_cast<std::size_t>(lane)];
  take_inputs(data.X);
  const bool has_same = its_inputs == n_inputs_taken_;
  has_same ? residuals.set_outputs(data) : residuals.set_data(data);
  scaled_start_ = start;
  residuals.scaling().make_scaled(scaled_start_);
  lanes.approach.begin(lane, residuals, scaled_start_, lanes.polish, inputs_of(has_same));
  its_inputs = n_inputs_taken_;
}

// Of a lane that has arrived.
void Fitter::finish_in_lane(Lanes& lanes, Index lane, const Dataset& data) {
  residuals_ = lanes.residuals[static_cast<std::size_t>(lane)].get();
  const ApproachInLanes::End at = lanes.approach.end(lane);
  lanes.approach.get_tau(lane, scaled_start_);
  lanes.approach.get_gradient(lane, gradient_);
  take_data(data);
  add_candidate(scaled_start_, usual_damping, Candidate::not_drawn);
  Candidate& candidate = candidates_.front();
  candidate.objective = at.rss + at.penalty;
  candidate.n_iterations = candidate.n_spent = lanes.approach.n_iterations(lane);
  candidate.is_at_minimum = true;
  fit_.end->stop = Stop::converged;
  fit_.end->relative_offset = at.relative_offset;
  note_objectives();
  fill_in(candidate, {.rss = at.rss, .penalty = at.penalty, .remaining = at.remaining});
}

// A search from where a lane has left, whose residuals it takes over. One is free.
void Fitter::begin_search(Lanes& lanes, Index lane, Index slot, const Vector& start) {
  LaneSearch& search = *lanes.searches->free_one();
  search.slot = slot;
  search.is_free = false;
  search.stage = LaneSearch::Stage::first_try;
  std::swap(search.residuals, lanes.residuals[static_cast<std::size_t>(lane)]);
  std::swap(search.inputs, lanes.inputs[static_cast<std::size_t>(lane)]);
  scaled_start_ = start;
  search.residuals->scaling().make_scaled(scaled_start_);
  for (std::size_t i = 0; i < search.tries.size(); ++i)
    search.tries[i].begin(scaled_start_, Tries::dampings[i], Candidate::not_drawn);
  Candidate& first = search.tries.front();
  lanes.approach.get_tau(lane, first.tau);
  first.n_iterations = first.n_spent = lanes.approach.n_iterations(lane);
  lanes.searches->begin_tries(search, 0, 1);
}

// Returns whether there is more to be tried, which is begun.
bool Fitter::goes_on_trying(LaneSearches& searches, LaneSearch& search) const {
  using Stage = LaneSearch::Stage;
  if (search.tries.front().is_at_bottom || !goes_on()) return false;
  if (search.stage == Stage::all_tries || options_.n_tries_from_start == 1) return false;
  search.stage = Stage::all_tries;
  searches.begin_tries(search, 1, options_.n_tries_from_start);
  return true;
}

void Fitter::set_worker(const Dataset& data) {
  Worker& worker = *workers_.front();
  worker.residuals.set_data(data);
  residuals_ = &worker.residuals;
}

// One step of all tries in lanes. Calls use(search) for searches that have ended; their fits are here until the next.
template <class GetData, class Use>
void Fitter::go_on_searching(LaneSearches& searches, const GetData& data, const Use& use) {
  DescentsInLanes& descents = searches.descents;
  searches.fill_lanes(options_.max_iterations, whether_to_go_on());
  descents.step();
  for (Index lane = 0; lane < descents.n_lanes(); ++lane) {
    if (descents.state(lane) != DescentsInLanes::State::ended) continue;
    auto& [search, candidate] = searches.lanes[static_cast<std::size_t>(lane)].its;
    end_try(descents, lane, *candidate, data(*search));
    if (--search->n_left > 0) continue;
    set_worker(data(*search));
    if (search->stage == LaneSearch::Stage::first_try) polish_arrived(search->tries.front());
    search->is_free = !goes_on_trying(searches, *search);
    if (!search->is_free) continue;
    finish_search(*search, data(*search));
    use(*search);
  }
}

// A saddle point, or what may be one, is for a Descender to leave.
void Fitter::end_try(DescentsInLanes& descents, Index lane, Candidate& candidate, const Dataset& data) {
  const Descent descent = descents.end(lane);
  descents.get_tau(lane, candidate.tau);
  descents.clear(lane);
  candidate.add(descent);
  if (descent.end != Descent::End::left) return;
  set_worker(data);
  candidate.damping.mu = hardly_damped;
  go_down(candidate, options_.max_iterations - candidate.n_spent, *workers_.front());
}

// From the best of its tries. The worker has the data.
void Fitter::finish_search(const LaneSearch& search, const Dataset& data) {
  take_data(data);
  n_candidates_ = search.n_tries;
  std::copy_n(search.tries.begin(), n_candidates_, candidates_.begin());
  note_objectives();
  finish(best(), n_candidates_ == 1 && candidates_.front().is_at_minimum);
}

void Fitter::fit_in_one_lane(const Dataset& data, const Vector& start) {
  Lanes& lane = lanes(one_lane_, kernel::kernels().one_fit);
  begin_in_lane(lane, 0, data, start);
  residuals_ = lane.residuals.front().get();
  lane.polish.go_on = whether_to_go_on();
  using State = ApproachInLanes::State;
  while (lane.approach.state(0) == State::under_way) lane.approach.step();
  if (lane.approach.state(0) == State::arrived) return finish_in_lane(lane, 0, data);
  if (!can_search_in_lanes(lane, kernel::kernels().one_fit)) {
    if (goes_on()) return fit_without_lanes(data, &start);
    // One that was interrupted ends where it is.
    lane.approach.get_tau(0, start_);
    residuals_->scaling().make_user(start_);
    return fit_without_lanes(data, &start_);
  }
  lane.searches->clear();
  begin_search(lane, 0, 0, start);
  while (lane.searches->n_busy() > 0)
    go_on_searching(
        *lane.searches, [&](const auto&) -> const Dataset& { return data; }, [](const auto&) {});
}

Index Fitter::n_side_by_side() const {
  return can_go_in_lanes() && !options_.go_on ? kernel::kernels().fits_side_by_side.n_lanes : 1;
}

void Fitter::fit_all(ManyFits& fits) {
  if (n_side_by_side() == 1) return fit_one_by_one(fits);
  using State = ApproachInLanes::State;
  Lanes& all = lanes(all_lanes_, kernel::kernels().fits_side_by_side);
  const Index n_lanes = all.approach.n_lanes();
  if (!slots_) slots_ = std::make_unique<Slots>(fit_, n_lanes);
  Slots& slots = *slots_;
  slots.free.clear();
  slots.fitted.clear();
  for (Index slot = n_slots() - 1; slot >= 0; --slot) slots.free.push_back(slot);
  if (all.searches) all.searches->clear();
  begin_progress(1);

  Index n_under_way = 0;
  const auto fill = [&](Index lane) {
    all.approach.clear(lane);
    const Index slot = slots.free.back();
    if (!fits.put_next(slot)) return;
    slots.free.pop_back();
    slots.in_lane[static_cast<std::size_t>(lane)] = slot;
    begin_in_lane(all, lane, fits.data(slot), fits.start(slot));
    ++n_under_way;
  };
  const auto give = [&] {
    fits.take(slots.fitted);
    for (const ManyFits::Fitted& fitted : slots.fitted) slots.free.push_back(fitted.slot);
    slots.fitted.clear();
  };
  // The fit that is here.
  const auto keep = [&](Index slot) {
    Fit& fit = slots.fits[slots.fitted.size()];
    std::swap(fit, fit_);
    std::swap(slots.inputs[slots.fitted.size()], inputs_of_fit_);
    slots.fitted.push_back({slot, &fit});
    if (std::ssize(slots.fitted) == n_lanes) give();
  };
  const auto search = [&] {
    go_on_searching(
        *all.searches, [&](const auto& its) -> const Dataset& { return fits.data(its.slot); },
        [&](const auto& its) { keep(its.slot); });
  };
  const auto take_from = [&](Index lane) {
    const Index slot = slots.in_lane[static_cast<std::size_t>(lane)];
    --n_under_way;
    if (all.approach.state(lane) == State::arrived) {
      finish_in_lane(all, lane, fits.data(slot));
      return keep(slot);
    }
    if (!can_search_in_lanes(all, kernel::kernels().fits_side_by_side)) {
      fit_without_lanes(fits.data(slot), &fits.start(slot));
      return keep(slot);
    }
    while (!all.searches->free_one()) search();
    begin_search(all, lane, slot, fits.start(slot));
  };

  for (Index lane = 0; lane < n_lanes; ++lane) fill(lane);
  while (n_under_way > 0) {
    all.approach.step();
    for (Index lane = 0; lane < n_lanes; ++lane) {
      const State state = all.approach.state(lane);
      if (state != State::arrived && state != State::left) continue;
      take_from(lane);
      fill(lane);
    }
  }
  while (all.searches && all.searches->n_busy() > 0) search();
  if (!slots.fitted.empty()) give();
}

void Fitter::fit_one_by_one(ManyFits& fits) {
  while (fits.put_next(0)) {
    const ManyFits::Fitted fitted{0, &fit(fits.data(0), fits.start(0))};
    fits.take({&fitted, 1});
  }
}

}  // namespace jacobench
