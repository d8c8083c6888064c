using System.Net;
using AgentReadiness.Contracts;
using AgentReadiness.Guardrail.Configuration;
using AgentReadiness.Pricing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AgentReadiness.Guardrail.Tests;

/// <summary>The platform's own prices: in force from the start, followed without a restart, never lost to a broken file.</summary>
public sealed class PriceFileTests
{
    private const string Broken =
        """{"providers":[{"id":"openai","models":[{"id":"gpt-5.4-mini","equals":["gpt-5.4-mini"]"""
        + ""","prices":[{"inputs":"1","input":"1","output":"1"}]}]}]}""";

    [Fact]
    public async Task A_call_is_settled_at_the_price_that_is_laid_over()
    {
        await using var rig = await Rig.StartAsync(prices: Prices(100, 200));
        await CallAsync(rig);
        await rig.CallsAsync(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(Cost(rig, 100, 200));
        rig.Account.Totals.Settled.Cost.ShouldNotBe(rig.Billed(completed: true), "the shipped price is another one");
    }

    [Fact]
    public async Task New_prices_hold_for_the_next_call_without_a_restart_and_the_shipped_ones_again_when_they_are_gone()
    {
        await using var rig = await Rig.StartAsync();
        await CallAsync(rig);
        await rig.CallsAsync(1);
        var first = rig.Billed(completed: true);
        rig.Account.Totals.Settled.Cost.ShouldBe(first);
        (await CallAsync(rig, "house-model")).ShouldBe(HttpStatusCode.BadRequest);

        await File.WriteAllTextAsync(rig.PricesPath, Prices(100, 200, "house-model"));
        Reload(rig);
        (await CallAsync(rig, "house-model")).ShouldBe(HttpStatusCode.OK);
        await rig.CallsAsync(2);
        var count = rig.Witness.Calls[1];
        rig.Account.Totals.Settled.Cost.ShouldBe(first + new Money((count.Input * 0.0001m) + (count.Output * 0.0002m)));

        File.Delete(rig.PricesPath);
        Reload(rig);
        (await CallAsync(rig, "house-model")).ShouldBe(HttpStatusCode.BadRequest);
        (await CallAsync(rig)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_broken_file_is_reported_once_by_its_field_and_the_last_good_prices_stay()
    {
        await using var rig = await Rig.StartAsync(prices: Prices(100, 200));
        foreach (var content in new[] { Broken, "{", Prices(0.00001m, 200), "" })
        {
            await File.WriteAllTextAsync(rig.PricesPath, content);
            Reload(rig);
            Reload(rig);
        }
        await File.AppendAllTextAsync(rig.ConfigPath, "\n");
        Reload(rig);
        rig.Log.All.ShouldContain(
            line => line.Contains("configuration of revision", StringComparison.Ordinal),
            "another configuration comes with the same prices"
        );
        (await CallAsync(rig)).ShouldBe(HttpStatusCode.OK);
        await rig.CallsAsync(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(Cost(rig, 100, 200));
        var lines = rig.Log.All.Where(line => line.Contains("InvalidPrices", StringComparison.Ordinal)).ToList();
        lines.Count.ShouldBe(4);
        lines[0].ShouldContain("openai/gpt-5.4-mini: prices[0].inputs");
        lines[2].ShouldContain("openai/gpt-5.4-mini: input");
        rig.Guardrail.Lifetime.ApplicationStopping.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task A_file_that_is_broken_from_the_start_leaves_the_shipped_prices()
    {
        await using var rig = await Rig.StartAsync(prices: Broken);
        await CallAsync(rig);
        await rig.CallsAsync(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(rig.Billed(completed: true));
        rig.Log.All.ShouldContain(line => line.Contains("InvalidPrices", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_call_keeps_the_prices_that_it_began_with()
    {
        await using var rig = await Rig.StartAsync(prices: Prices(100, 200));
        var call = CallAsync(rig, text: "[[latency=2s]]");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (rig.Account.Totals.Reserved.Cost == Money.Zero)
            await Task.Delay(10, limit.Token);
        await File.WriteAllTextAsync(rig.PricesPath, Prices(500, 900));
        Reload(rig);
        await call;
        await rig.CallsAsync(1);
        rig.Account.Totals.Settled.Cost.ShouldBe(Cost(rig, 100, 200));
        rig.Log.All.ShouldNotContain(line => line.Contains("overrun", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_upstream_is_another_providers_when_the_new_prices_say_so_and_keeps_its_connections()
    {
        await using var rig = await Rig.StartAsync();
        await CallAsync(rig);
        await rig.CallsAsync(1);
        var first = rig.Billed(completed: true);
        var store = rig.Guardrail.Services.GetRequiredService<ConfigStore>();
        var upstream = store.Current.Upstreams["openai"];

        await File.WriteAllTextAsync(
            rig.PricesPath,
            $$"""
            {"providers":[{"id":"house","url":"http://127\\.0\\.0\\.1:{{rig.ProviderPort}}",
              "models":[{"id":"m","equals":["{{Rig.Model}}"],"prices":[{"input":"100","output":"200"}]}]}]}
            """
        );
        Reload(rig);
        await CallAsync(rig);
        await rig.CallsAsync(2);
        var count = rig.Witness.Calls[1];
        rig.Account.Totals.Settled.Cost.ShouldBe(first + new Money((count.Input * 0.0001m) + (count.Output * 0.0002m)));
        store.Current.Upstreams["openai"].ShouldBeSameAs(upstream);
    }

    [Fact]
    public async Task The_files_are_looked_at_every_ten_seconds()
    {
        var folder = Directory.CreateTempSubdirectory("prices");
        try
        {
            var path = Path.Combine(folder.FullName, "config.json");
            await File.WriteAllTextAsync(path, """{"agent":{"namespace":"n","name":"a","revision":"r","track":"eval"}}""");
            var shipped = PriceCatalog.Load();
            var time = new FakeTimeProvider();
            var store = new ConfigStore(path, shipped, time, NullLogger<ConfigStore>.Instance);
            store.Current.Prices.ShouldBeSameAs(shipped);
            using var stop = new CancellationTokenSource();
            var polling = store.PollAsync(stop.Token);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "prices.json"), Prices(100, 200));
            time.Advance(TimeSpan.FromSeconds(10));
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            while (store.Current.Prices == shipped)
                await Task.Delay(10, limit.Token);
            store.Current.Prices.Find("openai", Rig.Model, time.GetUtcNow())!.Tiers[0].Rates.Input.ShouldBe(0.0001m);

            await File.WriteAllTextAsync(path, """{"agent":{"namespace":"n","name":"a","revision":"r2","track":"eval"}}""");
            store.Reload();
            store.Current.Config.Agent.Revision.ShouldBe("r2");
            store.Current.Prices.ShouldNotBeSameAs(shipped, "another configuration comes with the same prices");
            await stop.CancelAsync();
            await polling;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Prices(decimal input, decimal output, string model = Rig.Model) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"providers":[{"id":"openai","models":[{"id":"{{{model}}}","equals":["{{{model}}}"]"""
                + $$$""","prices":[{"input":"{{{input}}}","output":"{{{output}}}"}]}]}]}"""
        );

    private static Money Cost(Rig rig, decimal input, decimal output)
    {
        var count = rig.Witness.Total(completed: true);
        return new Money(((count.Prompt * input) + (count.Completion * output)) / 1_000_000m);
    }

    private static void Reload(Rig rig) => rig.Guardrail.Services.GetRequiredService<ConfigStore>().Reload();

    private static async Task<HttpStatusCode> CallAsync(Rig rig, string model = Rig.Model, string text = "hello")
    {
        using var response = await rig.PostAsync(
            "/openai/v1/chat/completions",
            Rig.Body(text).Replace(Rig.Model, model, StringComparison.Ordinal)
        );
        await response.Content.ReadAsByteArrayAsync();
        return response.StatusCode;
    }
}
