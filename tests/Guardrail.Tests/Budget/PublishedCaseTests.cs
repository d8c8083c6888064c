namespace AgentReadiness.Guardrail.Tests;

/// <summary>
/// Two cases in which budgets that are charged after the answer are known to let calls side by side walk through the cap: 0.00903 USD spent
/// of 0.008, and 0.60 of
/// 0.45. Here what the provider bills stays under the cap, whether the calls share a guardrail or each has its own.
/// </summary>
public sealed class PublishedCaseTests
{
    private const int Callers = 5;

    [Theory]
    [InlineData(1)]
    [InlineData(Callers)]
    public async Task Five_calls_at_once_of_a_price_each_spend_what_fits_and_no_more(int guardrails)
    {
        var (statuses, billed) = await CallAsync(guardrails, cap: 0.008m, perRequest: 0.00301m, perMillion: 0.001m, "hello");

        statuses.Count(status => status == 200).ShouldBe(2);
        statuses.ShouldAllBe(status => status == 200 || status == 402 || status == 429);
        billed.ShouldBeInRange(0.00602m, 0.008m);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Callers)]
    public async Task Five_long_prompts_at_once_spend_what_fits_and_no_more(int guardrails)
    {
        // 300,000 tokens at 0.40 USD a million are 0.12. The text has more bytes than the model's window has tokens, so that each reserves
        // 0.124.
        var (statuses, billed) = await CallAsync(
            guardrails,
            cap: 0.45m,
            perRequest: 0,
            perMillion: 0.4m,
            string.Concat(Enumerable.Repeat("abc ", 300_000))
        );

        statuses.Count(status => status == 200).ShouldBe(3);
        billed.ShouldBeInRange(0.36m, 0.45m);
    }

    private static async Task<(int[] Statuses, decimal Billed)> CallAsync(
        int guardrails,
        decimal cap,
        decimal perRequest,
        decimal perMillion,
        string prompt
    )
    {
        var prices = string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"providers":[{"id":"published","models":[{"id":"m","equals":["published-model"],"contextWindow":310000"""
                + $$""","prices":[{"input":"{{perMillion}}","output":"{{perMillion}}","perRequest":"{{perRequest}}"}]}]}]}"""
        );
        await using var authority = await FakeOperator.StartAsync(cap);
        // A slow machine is not to refuse what the cap allows.
        (authority.Authority.MaxWait, authority.Authority.FailoverWait) = ("60s", "60s");
        var rigs = new List<Rig>();
        try
        {
            for (var i = 0; i < guardrails; i++)
                rigs.Add(await Rig.StartAsync(budget: authority.Authority, prices: prices));
            var body = Rig.Body($"[[tokens=5]] {prompt}", ",\"max_tokens\":8")
                .Replace(Rig.Model, "published-model", StringComparison.Ordinal);
            var statuses = await Task.WhenAll(
                Enumerable
                    .Range(0, Callers)
                    .Select(async caller =>
                    {
                        using var response = await rigs[caller % guardrails].PostAsync("/openai/v1/chat/completions", body);
                        return (int)response.StatusCode;
                    })
            );
            return (
                statuses,
                rigs.SelectMany(rig => rig.Witness.Calls).Sum(call => perRequest + ((call.Input + call.Output) * perMillion / 1_000_000m))
            );
        }
        finally
        {
            foreach (var rig in rigs)
                await rig.DisposeAsync();
        }
    }
}
