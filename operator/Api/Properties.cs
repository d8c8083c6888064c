using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("AgentReadiness.Api.Tests")]
