from rq import get_current_job


def counts():
    """A job: smallest, largest and mean of what the jobs returned that it waited for."""
    values = sorted(job.return_value() for job in get_current_job().fetch_dependencies())
    return {'of': len(values), 'smallest': values[0], 'largest': values[-1], 'mean': sum(values) / len(values)}
