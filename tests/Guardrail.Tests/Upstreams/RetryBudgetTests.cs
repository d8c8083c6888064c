using AgentReadiness.Guardrail.Upstreams;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The retry budget never lets more pass than its share and its floor.</summary>
public sealed class RetryBudgetTests
{
    [Fact]
    public void Repeats_stay_within_the_share_of_the_window_or_the_floor_whatever_comes() =>
        Gen.Select(Gen.Int[0, 100], Gen.Select(Gen.Int[0, 9], Gen.Int[0, 20]).List[1, 300])
            .Sample(
                (percent, steps) =>
                {
                    var (budget, now) = (new RetryBudget(), TimeSpan.Zero);
                    var (calls, repeats) = (new List<long>(), new List<long>());
                    foreach (var (what, seconds) in steps)
                    {
                        if (what == 0)
                            now += TimeSpan.FromSeconds(seconds);
                        var slice = (long)now.TotalSeconds / 6;
                        if (what is 1 or 2 or 3)
                        {
                            calls.Add(slice);
                            budget.Call(now);
                        }
                        if (what >= 4)
                        {
                            var most = percent == 0 ? 0 : Math.Max(RetryBudget.Floor, Of(calls, slice) * percent / 100);
                            var fits = Of(repeats, slice) < most;
                            (budget.TryRepeat(percent, now) is not null).ShouldBe(fits);
                            if (fits)
                                repeats.Add(slice);
                        }
                    }
                    var floors = RetryBudget.Floor * (1 + ((long)now.TotalSeconds / 60));
                    ((long)repeats.Count).ShouldBeLessThanOrEqualTo((calls.Count * percent / 100) + floors, "in all");
                }
            );

    [Fact]
    public void A_call_is_the_reason_for_its_share_of_repeats_once()
    {
        var budget = new RetryBudget();
        for (var call = 0; call < 100; call++)
            budget.Call(TimeSpan.Zero);
        var made = 0;
        for (var second = 0; second < 60; second++)
            made += budget.TryRepeat(20, TimeSpan.FromSeconds(second)) is null ? 0 : 1;
        made.ShouldBe(20);
        budget.TryRepeat(20, TimeSpan.FromSeconds(59)).ShouldBeNull();
    }

    [Fact]
    public void What_was_not_made_is_given_back()
    {
        var budget = new RetryBudget();
        for (var repeat = 0; repeat < RetryBudget.Floor - 1; repeat++)
            budget.TryRepeat(20, TimeSpan.Zero).ShouldNotBeNull();
        budget.Undo(budget.TryRepeat(20, TimeSpan.Zero)!.Value);
        budget.TryRepeat(20, TimeSpan.Zero).ShouldNotBeNull();
        budget.TryRepeat(20, TimeSpan.Zero).ShouldBeNull();
    }

    [Fact]
    public void A_share_of_nothing_is_nothing() => new RetryBudget().TryRepeat(0, TimeSpan.Zero).ShouldBeNull();

    [Fact]
    public void Failures_are_kept_for_a_time_and_never_more_than_some()
    {
        var failures = new RecentFailures();
        failures.Add(1, TimeSpan.Zero);
        failures.Has(1, RecentFailures.Kept).ShouldBeTrue();
        failures.Has(1, RecentFailures.Kept + TimeSpan.FromTicks(1)).ShouldBeFalse();
        failures.Has(2, TimeSpan.Zero).ShouldBeFalse();
        failures.Remove(1);
        failures.Has(1, TimeSpan.Zero).ShouldBeFalse();

        for (var print = 10; print < 10 + RecentFailures.Most + 1; print++)
            failures.Add((UInt128)print, TimeSpan.Zero);
        failures.Has(11, TimeSpan.Zero).ShouldBeTrue();
        failures.Add(9, TimeSpan.Zero);
        failures.Add(8, TimeSpan.Zero);
        failures.Has(11, TimeSpan.Zero).ShouldBeFalse("the oldest goes first");
    }

    private static int Of(List<long> slices, long now) => slices.Count(slice => slice > now - SlidingCounts.Slices);
}
