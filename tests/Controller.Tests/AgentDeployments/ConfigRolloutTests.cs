using AgentReadiness.Api;
using AgentReadiness.Api.Revisions;
using AgentReadiness.Controller.AgentDeployments;
using AgentReadiness.Controller.Shared;

namespace AgentReadiness.Controller.Tests;

/// <summary>Prices and CAs reach the guardrail of every revision that has one, and make no revision.</summary>
public sealed class ConfigRolloutTests
{
    private static readonly GuardrailPrices First = Prices("1");
    private static readonly GuardrailPrices Second = Prices("2");

    private readonly SimulatedCluster cluster = new();

    [Theory]
    [InlineData(Track.Serving)]
    [InlineData(Track.Eval)]
    public void A_guardrail_comes_up_with_the_prices_in_force(Track track)
    {
        ((JsonObject)ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), track)["data"]!)
            .ContainsKey("prices.json")
            .ShouldBeFalse();
        cluster.Prices = First;
        ChildObjects.GuardrailConfig(cluster.Observe(), new Revision("abc"), track)["data"]!["prices.json"]!
            .GetValue<string>()
            .ShouldBe(First.Text);
    }

    [Fact]
    public void A_change_reaches_what_serves_and_is_no_new_revision()
    {
        cluster.Prices = First;
        var revision = cluster.PromoteDeclared();
        Digests().Values.ShouldBe([First.Digest]);
        var runs = cluster.Runs.Count;

        cluster.Prices = Second;
        AgentDecider
            .Decide(cluster.Observe())
            .Writes.ShouldNotContain(write => write is Write.SetPrices, "what is applied brings them along");
        cluster.Settle();
        Digests().Values.ShouldBe([Second.Digest]);
        (cluster.Declared, cluster.Served, cluster.Runs.Count).ShouldBe((revision, revision, runs));

        cluster.Prices = null;
        cluster.Settle();
        Digests().Values.ShouldBe([null]);
        cluster.Settle().ShouldBe(0);
    }

    [Fact]
    public void A_change_reaches_revisions_whose_spec_is_gone_and_does_not_wait_for_the_declared_one()
    {
        cluster.Prices = First;
        var kept = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        var serving = cluster.PromoteDeclared();
        cluster.SetPrompt("v3");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        Digests()
            .Keys.ShouldBe(
                [Config(kept, Track.Serving), Config(serving, Track.Serving), Config(cluster.Declared, Track.Eval)],
                ignoreOrder: true
            );

        cluster.Prices = Second;
        AgentDecider
            .Decide(cluster.Observe())
            .Writes.TakeWhile(write => write is Write.SetPrices)
            .Cast<Write.SetPrices>()
            .Select(write => (write.ConfigMap.Name, write.Text))
            .ShouldBe([(Config(kept, Track.Serving), Second.Text), (Config(serving, Track.Serving), Second.Text)], ignoreOrder: true);
        cluster.Settle();
        Digests().Values.Distinct().ShouldHaveSingleItem().ShouldBe(Second.Digest);

        // A spec that cannot be carried out keeps nothing from what serves.
        cluster.Agent.Spec.Ports = [];
        cluster.Prices = null;
        cluster.Settle();
        Digests()[Config(serving, Track.Serving)].ShouldBeNull();
        cluster.Condition(ConditionTypes.Stalled)!.Status.ShouldBe("True");
    }

    [Fact]
    public void Others_ConfigMaps_and_agents_that_go_are_left_alone()
    {
        cluster.Prices = First;
        var revision = cluster.PromoteDeclared();
        cluster.Prices = Second;
        var seen = cluster.Observe();
        var foreign = seen with
        {
            Children = seen.Children with
            {
                Copies =
                [
                    .. seen.Children.Copies.Select(copy =>
                        copy with
                        {
                            Meta = copy.Meta with { Controller = new ControllerReference("Other", "other", "somebody") },
                        }
                    ),
                ],
            },
        };
        cluster.Agent.Spec.Ports = [];
        AgentDecider.Decide(foreign).Writes.ShouldNotContain(write => write is Write.SetPrices);
        AgentDecider
            .Decide(cluster.Observe())
            .Writes.OfType<Write.SetPrices>()
            .ShouldHaveSingleItem()
            .ConfigMap.Name.ShouldBe(Config(revision, Track.Serving));
        cluster.Agent.Metadata.DeletionTimestamp = cluster.Now.UtcDateTime;
        AgentDecider.Decide(cluster.Observe()).Writes.ShouldBeEmpty();
    }

    [Fact]
    public void Another_CA_reaches_every_revision_and_rolls_nothing_out()
    {
        var kept = cluster.PromoteDeclared();
        cluster.SetPrompt("v2");
        var serving = cluster.PromoteDeclared();
        cluster.SetPrompt("v3");
        cluster.Settle();
        cluster.PodsComeUp();
        cluster.Settle();
        var before = (
            cluster.Declared,
            cluster.Served,
            cluster.Runs.Count,
            Pods: string.Join(' ', cluster.Deployments.Keys.Order(StringComparer.Ordinal))
        );
        var templates = Templates();

        cluster.Authority = "CA and the next";
        AgentDecider
            .Decide(cluster.Observe())
            .Writes.TakeWhile(write => write is Write.SetAuthority)
            .Cast<Write.SetAuthority>()
            .Select(write => (write.ConfigMap.Name, write.Text))
            .ShouldBe(
                [(Config(kept, Track.Serving), cluster.Authority), (Config(serving, Track.Serving), cluster.Authority)],
                ignoreOrder: true
            );
        cluster.Settle();
        cluster
            .Copies.Values.Where(copy => copy.Meta.Label(Names.TrackLabel) is not null)
            .Select(copy => copy.CaDigest)
            .ShouldBe(Enumerable.Repeat<string?>(TrustBundle.DigestOf(cluster.Authority), 3));
        (
            cluster.Declared,
            cluster.Served,
            cluster.Runs.Count,
            string.Join(' ', cluster.Deployments.Keys.Order(StringComparer.Ordinal))
        ).ShouldBe(before);
        Templates().ShouldBe(templates, "a changed template restarts pods");
        cluster.Settle().ShouldBe(0);

        // A spec that cannot be carried out keeps nothing from what serves.
        cluster.Agent.Spec.Ports = [];
        cluster.Authority = "the next";
        cluster.Settle();
        cluster.Copies[Config(serving, Track.Serving)].CaDigest.ShouldBe(TrustBundle.DigestOf(cluster.Authority));
    }

    private List<string> Templates() =>
        [
            .. AgentDecider
                .Decide(cluster.Observe())
                .Writes.OfType<Write.Apply>()
                .Where(write => write.Resource.Kind == "Deployment")
                .Select(write => write.Body["spec"]!["template"]!.ToJsonString()),
        ];

    private Dictionary<string, string?> Digests() =>
        cluster
            .Copies.Values.Where(copy => copy.Meta.Label(Names.TrackLabel) is not null)
            .ToDictionary(copy => copy.Meta.Key.Name, copy => copy.PricesDigest);

    private static string Config(string revision, Track track) => ChildNames.GuardrailConfig("support", new Revision(revision), track);

    private static GuardrailPrices Prices(string input)
    {
        var text =
            $$"""{"providers":[{"id":"openai","models":[{"id":"gpt-5","equals":["gpt-5"]"""
            + $$""","prices":[{"input":"{{input}}","output":"2"}]}]}]}""";
        return new GuardrailPrices(text, GuardrailPrices.DigestOf(text));
    }
}
