#include "jacobench/inference/undetermined.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "jacobench/base/joined.hpp"
#include "jacobench/network/entry_names.hpp"
#include "jacobench/network/forward_pass.hpp"

namespace jacobench {
namespace {

// Directions that one sentence explains.
struct Explanation {
  std::vector<Vector> directions;
  std::string words;
};

// More open directions than this are counted only: a basis of them takes as many numbers for each parameter.
constexpr Index most_explained = 1000;

// Two columns this close are worth a suspicion, relative to their size; J decides.
constexpr double suspicious = 1e-6;

bool is_homogeneous(Activation activation) {
  using enum Activation;
  return activation == identity || activation == relu || activation == leaky_relu;
}

// What the network looks like at the data, and the explanations that this suggests.
class Suspicions {
 public:
  Suspicions(const Tangent& at, const RankReport& report)
      : at_(at), report_(report), net_(at.network()), pass_(at.network(), at.n_observations()) {
    pass_.run(at.theta(), at.data().X, 0, at.n_observations(), Slopes::kept);
  }

  std::vector<Explanation> all() {
    for (Index l = 0; l + 1 < net_.n_layers(); ++l)
      for (Index i = 0; i < net_.layer(l).n_units; ++i) suspect_dead(l, i);
    for (Index l = 0; l < net_.n_layers(); ++l)
      for (Index j = 0; j < net_.layer(l).n_inputs; ++j) {
        suspect_constant(l, j);
        for (Index i = 0; i < j; ++i) suspect_duplicate(l, i, j);
      }
    for (Index l = 0; l + 1 < net_.n_layers(); ++l) suspect_symmetry_of(l);
    for (Index l = 0; l < net_.n_layers(); ++l)
      for (Index i = 0; i < net_.layer(l).n_units; ++i) suspect_weights_into(l, i);
    return std::move(found_);
  }

 private:
  // What feeds layer(l), as a sentence names it.
  static std::string source_name(Index l, Index j) {
    return l == 0 ? fmt::format("input {}", j) : fmt::format("unit {} of layer {}", j, l);
  }

  Vector unit(Index p) const { return Vector::Unit(net_.n_params(), p); }
  Index weight(Index l, Index to, Index from) const {
    return net_.layer(l).weights_at + to * net_.layer(l).n_inputs + from;
  }
  double theta(Index p) const { return at_.theta()[p]; }
  Vector source(Index l, Index j) const { return pass_.below(l).rows(at_.n_observations()).col(j); }

  std::vector<Index> into(Index l, Index i) const {
    std::vector<Index> all;
    for (Index j = 0; j < net_.layer(l).n_inputs; ++j) all.push_back(weight(l, i, j));
    if (net_.layer(l).has_bias()) all.push_back(net_.layer(l).bias_at + i);
    return all;
  }

  std::vector<Index> out_of(Index l, Index i) const {
    std::vector<Index> all;
    for (Index k = 0; k < net_.layer(l + 1).n_units; ++k) all.push_back(weight(l + 1, k, i));
    return all;
  }

  bool without_effect(Index p) const { return (at_.J().col(p).array() == 0).all(); }

  void suspect_dead(Index l, Index i) {
    Explanation dead{
        {}, fmt::format("unit {} of layer {} is dead: no output depends on weights of it", i, l + 1)};
    for (const auto& side : {into(l, i), out_of(l, i)})
      if (std::all_of(side.begin(), side.end(), [&](Index p) { return without_effect(p); }))
        for (const Index p : side) dead.directions.push_back(unit(p));
    found_.push_back(std::move(dead));
  }

  void suspect_constant(Index l, Index j) {
    const Vector values = source(l, j);
    const double value = values[0], size = values.cwiseAbs().maxCoeff<Eigen::PropagateNaN>();
    if (!((values.array() - value).abs() <= suspicious * size).all()) return;
    const Layer& layer = net_.layer(l);
    const bool is_constant = (values.array() == value).all();
    Explanation constant{
        {},
        size == 0
            ? fmt::format("{} is {}", source_name(l, j),
                          l == 0 && layer.has_bias() ? "constant over the data" : "zero in all observations")
            : fmt::format("{} {}: its weights trade with the biases of layer {}", source_name(l, j),
                          is_constant ? "is constant over the data" : "varies little beside its size",
                          l + 1)};
    for (Index k = 0; k < layer.n_units; ++k) {
      Vector c = unit(weight(l, k, j));
      if (layer.has_bias()) c[layer.bias_at + k] = -value;
      constant.directions.push_back(std::move(c));
    }
    found_.push_back(std::move(constant));
  }

  void suspect_duplicate(Index l, Index i, Index j) {
    const Vector a = source(l, i), b = source(l, j);
    const double sign = a.dot(b) < 0 ? -1 : 1;
    if (a.isZero(0) || (a - sign * b).norm() > suspicious * std::sqrt(a.squaredNorm() + b.squaredNorm()))
      return;
    Explanation duplicate{{},
                          fmt::format("{} duplicates {}{}", source_name(l, j),
                                      sign < 0 ? "the negative of " : "", source_name(l, i))};
    for (Index k = 0; k < net_.layer(l).n_units; ++k)
      duplicate.directions.push_back(unit(weight(l, k, j)) - sign * unit(weight(l, k, i)));
    if (l > 0) append_weights_into_duplicates(l - 1, i, j, duplicate);
    found_.push_back(std::move(duplicate));
  }

  // Where what goes out of j is `ratio` times what goes out of i, the weights into them have proportional effects,
  // of one sign where the slopes are: those of tanh at z and -z, though the units themselves are each other's negative.
  void append_weights_into_duplicates(Index l, Index i, Index j, Explanation& duplicate) const {
    const auto slopes = pass_.slope(l).rows(at_.n_observations());
    const double sign = slopes.col(i).dot(slopes.col(j)) < 0 ? -1 : 1;
    const std::vector<Index> into_i = into(l, i), into_j = into(l, j);
    for (std::size_t k = 0; k < out_of(l, i).size(); ++k) {
      const double out_i = theta(out_of(l, i)[k]), out_j = theta(out_of(l, j)[k]);
      if (out_i == 0 && out_j == 0) continue;
      for (std::size_t m = 0; m < into_i.size(); ++m)
        duplicate.directions.push_back(out_i * unit(into_j[m]) - sign * out_j * unit(into_i[m]));
      return;
    }
  }

  void suspect_symmetry_of(Index l) {
    const Activation activation = net_.layer(l).activation;
    for (Index i = 0; i < net_.layer(l).n_units; ++i) {
      if (is_homogeneous(activation))
        found_.push_back(
            {{mixing(l, i, i)},
             fmt::format("scale trade-off between layer {} and layer {} at unit {}", l + 1, l + 2, i)});
      if (activation == Activation::exp && net_.layer(l).has_bias()) {
        Vector c = unit(net_.layer(l).bias_at + i);
        for (const Index p : out_of(l, i)) c[p] = -theta(p);
        found_.push_back({{std::move(c)},
                          fmt::format("scale trade-off between the bias of unit {} of layer {} and layer {}",
                                      i, l + 1, l + 2)});
      }
    }
    if (activation != Activation::identity) return;
    Explanation mixed{
        {}, fmt::format("the units of layer {} are linear and can be mixed with one another", l + 1)};
    for (Index i = 0; i < net_.layer(l).n_units; ++i)
      for (Index j = 0; j < net_.layer(l).n_units; ++j)
        if (i != j) mixed.directions.push_back(mixing(l, i, j));
    found_.push_back(std::move(mixed));
  }

  // Unit i takes up some of unit j, and what goes out of i is taken back from what goes out of j.
  Vector mixing(Index l, Index i, Index j) const {
    Vector c = Vector::Zero(net_.n_params());
    const std::vector<Index> into_i = into(l, i), into_j = into(l, j);
    for (std::size_t m = 0; m < into_i.size(); ++m) c[into_i[m]] = theta(into_j[m]);
    for (std::size_t k = 0; k < out_of(l, i).size(); ++k) c[out_of(l, j)[k]] -= theta(out_of(l, i)[k]);
    return c;
  }

  // Weights into a unit that cannot be told apart: it is saturated at almost all observations, or what feeds it is
  // linearly dependent.
  void suspect_weights_into(Index l, Index i) {
    const std::vector<Index> into_i = into(l, i);
    const Vector norms = report_.column_norms(into_i);
    const ThinSvd svd = thin_svd(at_.J()(Eigen::all, into_i) * norms.cwiseInverse().asDiagonal());
    const auto n = static_cast<Index>(into_i.size());
    const Index n_open = n - (svd.S.array() > report_.tolerance * report_.largest).count();
    if (n_open == 0 || svd.V.cols() < n) return;
    const Vector slope = pass_.slope(l).rows(at_.n_observations()).col(i).cwiseAbs();
    const Index n_active = (slope.array() > 1e-10 * slope.maxCoeff<Eigen::PropagateNaN>()).count();
    Explanation open{
        {},
        n_active < n
            ? fmt::format("unit {} of layer {} is saturated at all but {} observations, which cannot "
                          "determine the {} weights into it",
                          i, l + 1, n_active, n)
            : fmt::format("the {} weights into unit {} of layer {} cannot be told apart: what feeds "
                          "it is linearly dependent",
                          n, i, l + 1)};
    for (Index k = n - n_open; k < n; ++k) {
      Vector c = Vector::Zero(net_.n_params());
      c(into_i) = svd.V.col(k).cwiseQuotient(norms);
      open.directions.push_back(std::move(c));
    }
    found_.push_back(std::move(open));
  }

  const Tangent& at_;
  const RankReport& report_;
  const Perceptron& net_;
  ForwardPass pass_;
  std::vector<Explanation> found_;
};

// An orthonormal basis, in scaled parameters, that grows by what is new in a direction.
class Span {
 public:
  explicit Span(const Vector& column_norms) : column_norms_(column_norms) {}

  bool take(const Vector& c) { return take_scaled(c.cwiseProduct(column_norms_)); }

  bool take_scaled(Vector c) {
    if (c.isZero(0)) return false;
    c.stableNormalize();
    for (int pass = 0; pass < 2; ++pass)
      for (const Vector& b : basis_) c -= b.dot(c) * b;
    if (c.norm() < 1e-6) return false;
    basis_.push_back(c.normalized());
    return true;
  }

  Index size() const { return static_cast<Index>(basis_.size()); }
  const Vector& last() const { return basis_.back(); }

 private:
  const Vector column_norms_;
  std::vector<Vector> basis_;
};

// By the rule that decides the rank; or as good as wholly in the directions that it leaves out, where units are only
// nearly what the words say.
bool vanishes(const Tangent& at, const RankReport& report, const Vector& c) {
  const Vector scaled = c.cwiseProduct(report.column_norms);
  return (at.J() * c).norm() <= report.tolerance * report.largest * scaled.norm() ||
         (report.determined.transpose() * scaled).norm() <= 1e-6 * scaled.norm();
}

std::string leading_entries(const Perceptron& network, const Vector& v) {
  std::vector<Index> order(static_cast<std::size_t>(v.size()));
  for (Index p = 0; p < v.size(); ++p) order[static_cast<std::size_t>(p)] = p;
  std::sort(order.begin(), order.end(), [&](Index a, Index b) { return std::abs(v[a]) > std::abs(v[b]); });
  std::vector<std::string> entries;
  for (const Index p : order) {
    if (entries.size() == 4 || std::abs(v[p]) < 0.2 * std::abs(v[order[0]])) break;
    entries.push_back(fmt::format("{:+.2f} {}", v[p], parameter_name(network, p)));
  }
  return fmt::format("a combination led by {} (of scaled parameters)", joined(entries, ", "));
}

}  // namespace

std::vector<std::string> undetermined_in_words(Tangent& at) {
  std::vector<std::string> words;
  const std::string too_few =
      fmt::format("{} parameters for {} observed values leave at least {} directions open", at.n_params(),
                  at.n_values(), at.n_params() - at.n_values());
  if (at.forms() && at.n_params() > at.n_values()) return {too_few};
  const RankReport report = at.of_data().report();
  if (report.is_full()) return words;
  const Index n_open = report.n_params - report.rank;
  if (n_open <= most_explained) {
    Span span(report.column_norms);
    for (const Explanation& explanation : Suspicions(at, report).all()) {
      bool explains = false;
      for (const Vector& c : explanation.directions)
        if (vanishes(at, report, c) && span.take(c)) explains = true;
      if (explains) words.push_back(explanation.words);
    }
    for (Index i = 0; i < report.undetermined.cols(); ++i)
      if (span.take_scaled(report.undetermined.col(i)))
        words.push_back(leading_entries(at.network(), span.last()));
  }
  if (at.n_params() > at.n_values())
    words.push_back(too_few);
  else if (n_open > most_explained)
    words.push_back(fmt::format("{} directions, which are too many to be explained", n_open));
  return words;
}

}  // namespace jacobench
