using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>
/// Promise 3a, checked over random histories of the whole protocol; and that the check can fail: each guard that is taken out is missed.
/// </summary>
public sealed class BudgetModelTests
{
    private static readonly Gen<List<(int Action, int Who, int Which, int Cents)>> Histories = Gen.Select(
        Gen.Int[0, BudgetModel.Actions - 1],
        Gen.Int[0, 11],
        Gen.Int[0, 999],
        Gen.Int[1, 300]
    ).List[50, 400];

    [Fact]
    public void Under_crash_loss_repetition_reordering_skewed_clocks_and_two_leaders_no_cap_is_crossed_and_no_money_is_lost() =>
        Histories.Sample(history => Run(Guard.None, history), iter: 3000);

    [Theory]
    [InlineData(Guard.WriteBeforeAnswer)]
    [InlineData(Guard.CompareAndSwap)]
    [InlineData(Guard.TotalsGrow)]
    [InlineData(Guard.InFlightIsUnproven)]
    [InlineData(Guard.WidestFirst)]
    [InlineData(Guard.ReturnIsWritten)]
    [InlineData(Guard.LostIsUnproven)]
    [InlineData(Guard.SegmentsCountOn)]
    public void Without_a_guard_a_promise_breaks(Guard guard)
    {
        // The same histories each time: whether the bug is found must not be luck.
        Should.Throw<BrokenPromiseException>(() =>
        {
            for (var seed = 0; seed < 2000; seed++)
                Run(guard, History(new Random(seed)));
        });
    }

    private static IEnumerable<(int Action, int Who, int Which, int Cents)> History(Random random) =>
        [
            .. Enumerable
                .Range(0, 400)
                .Select(_ => (random.Next(BudgetModel.Actions), random.Next(12), random.Next(1000), random.Next(1, 301))),
        ];

    private static void Run(Guard missing, IEnumerable<(int Action, int Who, int Which, int Cents)> history)
    {
        var model = new BudgetModel(missing);
        foreach (var (action, who, which, cents) in history)
            model.Step(action, who, which, cents);
    }
}
