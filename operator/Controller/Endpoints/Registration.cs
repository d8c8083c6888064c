using AgentReadiness.Api;
using AgentReadiness.Contracts.Evals;
using AgentReadiness.Contracts.Grants;
using AgentReadiness.Controller.Shared;
using AgentReadiness.Runtime;
using k8s;

namespace AgentReadiness.Controller.Endpoints;

/// <summary>Registers what pods and CI reach over HTTPS.</summary>
internal static class Registration
{
    // The pace of token reviews is high, because calls of agents wait for them.
    private static readonly RequestPacing Pacing = new() { RequestsPerSecond = 200, Burst = 200 };

    /// <summary>Adds the endpoints.</summary>
    public static IOperatorBuilder AddEndpoints(this IOperatorBuilder builder, Kubernetes client)
    {
        // Reviews have a pace of their own. All pods send their tokens to a new leader at once, and the other requests of the operator must
        // not wait behind these.
        builder.Services.AddKeyedSingleton(TokenReviews.Api, new KubernetesApi(client, Names.Operator, pacing: Pacing));
        builder
            .Services.AddSingleton<TokenReviews>()
            .AddSingleton<ReviewGates>()
            .AddSingleton<RefusalLog>()
            .AddSingleton<HeldMoney>()
            .AddSingleton<PodAuthenticator>()
            .AddSingleton<PodAccounts>()
            .AddSingleton<GrantEndpoint>()
            .AddSingleton<SubmissionEndpoint>();
        return builder;
    }

    /// <summary>Maps the endpoints to their port. The port decides, never a request's Host header, which the caller chooses.</summary>
    public static void MapEndpoints(this WebApplication app, OperatorOptions options)
    {
        var grants = app.Services.GetRequiredService<GrantEndpoint>();
        var submissions = app.Services.GetRequiredService<SubmissionEndpoint>();
        app.MapWhen(
            context => context.Connection.LocalPort == options.GrantsPort,
            grant =>
                grant.Run(context =>
                {
                    if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == GrantProtocol.Path)
                        return grants.HandleAsync(context);
                    if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path == SubmissionProtocol.Path)
                        return submissions.HandleAsync(context);
                    context.Response.StatusCode = StatusCodes.Status404NotFound;
                    return Task.CompletedTask;
                })
        );
    }
}
