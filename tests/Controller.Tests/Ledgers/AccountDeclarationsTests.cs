using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Runtime;

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
}
