using System.Text.Json.Nodes;
using AgentReadiness.Runtime;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>Asks the API server which user a token belongs to.</summary>
public sealed class TokenReviews([FromKeyedServices(TokenReviews.Api)] KubernetesApi api)
{
    /// <summary>Key of the service that tokens are reviewed through.</summary>
    public const string Api = "reviews";

    private static readonly ResourceType Reviews = new("authentication.k8s.io", "v1", "tokenreviews", "TokenReview");

    /// <summary>The user of a token that was made for an audience; null where it is of another one, expired, or no token at all.</summary>
    /// <exception cref="KubernetesApiException">The API server refused to answer.</exception>
    public async Task<JsonObject?> ReviewAsync(string token, string audience, CancellationToken cancellationToken)
    {
        var review = await api.CreateAsync(
            Reviews,
            null,
            new JsonObject
            {
                ["apiVersion"] = Reviews.ApiVersion,
                ["kind"] = Reviews.Kind,
                ["spec"] = new JsonObject { ["token"] = token, ["audiences"] = new JsonArray(audience) },
            },
            cancellationToken
        );
        var status = review["status"];
        var audiences = status?["audiences"] as JsonArray ?? [];
        // A server that does not know audiences leaves the list out. The token is refused then, since it may be meant for somebody
        // else.
        return status?["authenticated"]?.GetValue<bool>() == true && audiences.Any(one => one?.GetValue<string>() == audience)
            ? status["user"] as JsonObject
            : null;
    }

    /// <summary>The service account that a user is, or null.</summary>
    public static NamespacedName? ServiceAccount(JsonObject user) =>
        user["username"]?.GetValue<string>().Split(':') is ["system", "serviceaccount", var ns, var name]
            ? new NamespacedName(ns, name)
            : null;
}
