using System.Text.Json.Nodes;
using AgentReadiness.Api;
using AgentReadiness.Api.Rules;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Lending;

/// <summary>Reads from the caches what the objects that a template or an upstream names say of themselves.</summary>
public sealed class LentObserver(
    ObjectCache<ServiceAccountView> accounts,
    ObjectCache<ClaimView> claims,
    IKeysInUse keys,
    OperatorEnvironment environment,
    ObjectCache<SecretView>? secrets = null
)
{
    /// <summary>Observes what one template and its keys name.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="template">The template.</param>
    /// <param name="uses">The keys of its upstreams.</param>
    public LentObjects Observe(string ns, JsonObject template, IEnumerable<KeyUse> uses)
    {
        var marked = environment.Authors.MarkedSecretsOnly;
        SecretView? Secret(string name) => secrets?.Get(new NamespacedName(ns, name))?.View;
        return new LentObjects
        {
            Accounts = Named(
                LendingRules.AccountsOf(template).Select(account => account.Name),
                name => IsLent(accounts.Get(new NamespacedName(ns, name))?.View.Meta)
            ),
            Claims = Named(
                ClaimReferences.Find(template).Select(claim => claim.Name),
                name => IsLent(claims.Get(new NamespacedName(ns, name))?.View.Meta)
            ),
            Secrets = Named(
                SecretReferences.Find(template, string.Empty).Select(reference => reference.Name),
                name =>
                    !keys.IsKey(ns, name, declared: !marked) && (!marked || (Secret(name) is { Hosts: null } secret && IsLent(secret.Meta)))
            ),
            Hosts = uses.Select(use => use.Secret)
                .Distinct(StringComparer.Ordinal)
                .Select(name => (Name: name, Secret(name)?.Hosts))
                .Where(secret => secret.Hosts is not null)
                .ToDictionary(secret => secret.Name, secret => secret.Hosts!, StringComparer.Ordinal),
            AnyHost = !marked,
        };
    }

    private static HashSet<string> Named(IEnumerable<string> names, Func<string, bool> isLent) =>
        names.Where(isLent).ToHashSet(StringComparer.Ordinal);

    private static bool IsLent(Meta? meta) => meta?.Label(Names.UsableByAgentsLabel) == "true";
}
