using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Runtime;
using CsCheck;

namespace AgentReadiness.Controller.Tests;

/// <summary>What binds the accounts of an agent: its own caps, its shared budgets, and the platform's ceilings.</summary>
public sealed class AccountDeclarationsTests
{
    private const string Agent = """
        {"metadata":{"namespace":"shop","name":"support","uid":"u","resourceVersion":"1"},
         "spec":{"evals":[{"suite":{"name":"golden"},"minScore":"0.9","maxCost":"5"}],"budget":{"sharedBudgets":["team"]}},
         "status":{"candidateRevision":"new","servingRevision":"old"}}
        """;
    private const string Evaluations = "ops.all.shared ops.all.shared-evals shop.team.shared shop.support.evals";
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private readonly ObjectCache<AgentDeployment> agents = Caches.Of<AgentDeployment>(Agent);
    private readonly ObjectCache<AgentBudget> budgets = Caches.Of<AgentBudget>(
        """
        {"metadata":{"namespace":"shop","name":"team","uid":"t","resourceVersion":"1"},
         "spec":{"windows":[{"period":"Day","maxCost":"9"}]}}
        """,
        """
        {"metadata":{"namespace":"ops","name":"all","uid":"c","resourceVersion":"1"},
         "spec":{"namespaces":["shop"],"evaluations":{"maxPercent":20},"windows":[{"period":"Day","maxCost":"100"}]}}
        """,
        """
        {"metadata":{"namespace":"ops","name":"others","uid":"d","resourceVersion":"1"},
         "spec":{"namespaces":["games"],"evaluations":{"maxPercent":20},"windows":[{"period":"Day","maxCost":"100"}]}}
        """
    );

    [Theory]
    [InlineData("serving", "ops.all.shared shop.team.shared", true)]
    [InlineData("eval new", Evaluations, true)]
    [InlineData("judge new", Evaluations, true)]
    [InlineData("eval old", Evaluations, true)]
    [InlineData("eval stranger", "", false)]
    [InlineData("judge stranger", "", false)]
    [InlineData("eval superseded", "", false)]
    [InlineData("judge superseded", "", false)]
    public void What_binds_the_agent_binds_its_evaluations_too_and_only_what_is_declared_is_evaluated(
        string account,
        string shared,
        bool grants
    )
    {
        // Somebody may make an EvalRun, and one that is over is kept for people to read: neither declares a revision.
        var runs = Caches.Of<EvalRun>(
            """
            {"metadata":{"namespace":"shop","name":"r","uid":"r","resourceVersion":"1"},
             "spec":{"agent":{"namespace":"shop","name":"support"},"revision":"superseded","suite":"golden"}}
            """
        );
        var declarations = new AccountDeclarations(agents, budgets, runs, Caches.Of<EvalSuite>(), Caches.Options);
        var key = account.Split(' ') switch
        {
            ["eval", var revision] => AccountKey.Evals("shop", "support", new Revision(revision)),
            ["judge", var revision] => AccountKey.Judge("shop", "support", new Revision(revision)),
            _ => AccountKey.Serving("shop", "support"),
        };
        var terms = DeclaredTerms.Of(key, declarations.Of(key), Noon);
        string.Join(' ', terms.Shared.Select(one => one.LedgerName)).ShouldBe(shared);
        terms.MayGrant.ShouldBe(grants);
    }

    private const string Made = """
        "name":"support-0123456789-d2","namespace":"shop","uid":"r","resourceVersion":"1","labels":{
        "app.kubernetes.io/managed-by":"agent-readiness-operator","agentreadiness.dev/agent":"support",
        "agentreadiness.dev/agent-namespace":"shop","agentreadiness.dev/revision":"old"}
        """;
    private const string Measured = """
        "agent":{"namespace":"shop","name":"support"},"agentUid":"u","revision":"old","suite":"golden","purpose":"Drift","attempt":2
        """;

    [Theory]
    [InlineData("", "", 15)]
    [InlineData("\"name\":\"support-", "\"name\":\"other-", 5)]
    [InlineData("-d2\"", "-2\"", 5)]
    [InlineData("-d2\"", "-d22\"", 5)]
    [InlineData("\"agent-readiness-operator\"", "\"kubectl\"", 5)]
    [InlineData("/agent\":\"support\"", "/agent\":\"other\"", 5)]
    [InlineData("/agent-namespace\":\"shop\"", "/agent-namespace\":\"games\"", 5)]
    [InlineData("/revision\":\"old\"", "/revision\":\"new\"", 5)]
    [InlineData("\"namespace\":\"shop\",\"uid\"", "\"namespace\":\"games\",\"uid\"", 5)]
    [InlineData("\"agentUid\":\"u\"", "\"agentUid\":\"v\"", 5)]
    [InlineData("\"suite\":\"golden\"", "\"suite\":\"mine\"", 5)]
    [InlineData("\"purpose\":\"Drift\",", "", 5)]
    [InlineData("\"attempt\":2", "\"attempt\":3", 5)]
    public void Only_a_run_that_the_operator_can_have_made_is_a_reason_for_more_money(string what, string instead, int cap)
    {
        var run = $$"""{"metadata":{{{Made}}},"spec":{{{Measured}}} }""";
        if (what.Length > 0)
        {
            run.ShouldContain(what);
            run = run.Replace(what, instead, StringComparison.Ordinal);
        }
        Cap(Agent, run).ShouldBe(cap);
    }

    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(int.MaxValue - 1)]
    [InlineData(int.MinValue)]
    [InlineData(-1)]
    [InlineData(100_000)]
    public void No_number_of_an_attempt_makes_more_of_a_cap_than_there_was_time_for(int attempt)
    {
        var run = $$"""{"metadata":{{{Made}}},"spec":{{{Measured}}} }"""
            .Replace("-d2\"", $"-d{attempt}\"", StringComparison.Ordinal)
            .Replace("\"attempt\":2", $"\"attempt\":{attempt}", StringComparison.Ordinal);
        // The agent is there for ten minutes, and is measured once a minute at most.
        var agent = Agent.Replace(
            "\"uid\":\"u\"",
            "\"uid\":\"u\",\"creationTimestamp\":\"2026-11-22T11:50:00Z\"",
            StringComparison.Ordinal
        );
        Cap(agent, run).ShouldBe(attempt == 100_000 ? 5 * (1 + 11) : 5);
    }

    [Fact]
    public void A_cap_never_wraps_around() =>
        Gen.Int.Sample(attempt =>
        {
            var agent = Caches.Of<AgentDeployment>(Agent).List().Single().View;
            var caps = BudgetWindows.Evals(agent.Spec, attempt).Limits.Select(limit => limit.MaxCost!.Value.Amount);
            caps.ShouldAllBe(cap => cap == 5m * (1m + Math.Max(0, attempt)));
        });

    private decimal Cap(string agent, string run)
    {
        var declarations = new AccountDeclarations(
            Caches.Of<AgentDeployment>(agent),
            budgets,
            Caches.Of<EvalRun>(run),
            Caches.Of<EvalSuite>(),
            Caches.Options
        );
        var key = AccountKey.Evals("shop", "support", new Revision("old"));
        return DeclaredTerms.Of(key, declarations.Of(key), Noon).Limits.Single().MaxCost!.Value.Amount;
    }
}
