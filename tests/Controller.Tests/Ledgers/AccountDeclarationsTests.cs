using AgentReadiness.Api.Resources;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.Ledgers;
using AgentReadiness.Controller.Shared;
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
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private readonly ObjectCache<AgentDeployment> agents = Cache<AgentDeployment>(Agent);
    private readonly ObjectCache<AgentBudget> budgets = Cache<AgentBudget>(
        """{"metadata":{"namespace":"shop","name":"team","uid":"t","resourceVersion":"1"},"spec":{"windows":[{"period":"Day","maxCost":"9"}]}}""",
        """
        {"metadata":{"namespace":"ops","name":"all","uid":"c","resourceVersion":"1"},
         "spec":{"namespaces":["shop"],"windows":[{"period":"Day","maxCost":"100"}]}}
        """
    );

    [Theory]
    [InlineData("serving", "ops.all.shared shop.team.shared", true)]
    [InlineData("eval new", "ops.all.shared", true)]
    [InlineData("judge new", "ops.all.shared", true)]
    [InlineData("eval old", "ops.all.shared", true)]
    [InlineData("eval stranger", "", false)]
    [InlineData("judge stranger", "", false)]
    public void Ceilings_bind_evaluations_too_and_only_what_is_declared_is_evaluated(string account, string shared, bool grants)
    {
        var declarations = new AccountDeclarations(
            agents,
            budgets,
            Cache<EvalRun>(),
            Cache<EvalSuite>(),
            new OperatorOptions
            {
                Namespace = "ops",
                PodName = "o",
                PodIp = "127.0.0.1",
                GuardrailImage = "g",
                EvalRunnerImage = "r",
                GrantsUrl = "https://o",
            }
        );
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

    private static ObjectCache<T> Cache<T>(params ReadOnlySpan<string> items)
        where T : k8s.IKubernetesObject<k8s.Models.V1ObjectMeta>
    {
        var cache = new ObjectCache<T>(ResourceType.Of<T>(), null, TypedView.Of<T>)
            .AddIndex(CacheIndexes.ByNamespace, entry => [entry.Key.Namespace])
            .AddIndex(CacheIndexes.ByAgent, entry => []);
        foreach (var item in items)
        {
            using var document = JsonDocument.Parse(item);
            cache.Upsert(document.RootElement);
        }
        return cache;
    }
}
