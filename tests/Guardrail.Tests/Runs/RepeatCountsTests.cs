using AgentReadiness.Guardrail.Runs;
using CsCheck;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>Loops of a run: one call again and again, or several in a circle.</summary>
public sealed class RepeatCountsTests
{
    [Fact]
    public void A_run_whose_calls_are_made_no_more_often_than_they_may_is_never_refused() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 40], Gen.Int)
            .Sample(
                (most, different, seed) =>
                {
                    var calls = Enumerable.Range(0, different).SelectMany(call => Enumerable.Repeat(call, most)).ToArray();
                    new Random(seed).Shuffle(calls);
                    var counts = new RepeatCounts();
                    calls.ShouldAllBe(call => counts.TryCount((UInt128)call, most));
                }
            );

    [Fact]
    public void A_circle_of_any_length_ends_in_the_round_behind_the_last_one_that_is_allowed_whatever_came_before() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 9], Gens.OneOf(0, 3, RepeatCounts.Most - 1, RepeatCounts.Most, 3 * RepeatCounts.Most))
            .Sample(
                (most, length, before) =>
                {
                    var counts = new RepeatCounts();
                    for (var i = 0; i < before; i++)
                        counts.TryCount((UInt128)(1000 + i), most).ShouldBeTrue();
                    foreach (var call in Enumerable.Repeat(Enumerable.Range(0, length), most).SelectMany(round => round))
                        counts.TryCount((UInt128)call, most).ShouldBeTrue();
                    counts.TryCount(0, most).ShouldBeFalse($"round {most + 1}, after {before} others");
                },
                iter: 60
            );

    [Fact]
    public void A_call_that_was_not_made_does_not_count()
    {
        var counts = new RepeatCounts();
        for (var i = 0; i < 3; i++)
        {
            counts.TryCount(7, 1).ShouldBeTrue();
            counts.TryCount(7, 1).ShouldBeFalse();
            counts.Forget(7);
        }
        counts.Forget(8);
    }
}
